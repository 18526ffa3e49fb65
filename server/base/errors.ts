/** The one table of everything that can go wrong: a stable word, and what it is at each edge. */

interface Edges {
  /** HTTP status, where the error ends an HTTP request. */
  readonly http?: number
  /** WebSocket close code, where the error ends a connection (RFC 6455, 7.4). */
  readonly close?: number
  /** Exit code, where the error ends the process. */
  readonly exit?: number
}

const table = {
  invalid_json: { http: 400 },
  invalid_input: { http: 400 },
  too_large: { http: 413, close: 1009 },
  busy: { http: 503, close: 1013 },
  cancelled: {},
  fixture_miss: { http: 404 },
  fixture_invalid: { http: 500 },
  upstream_refused: { http: 502 },
  upstream_unreachable: { http: 502 },
  upstream_error: { http: 502 },
  upstream_failed: { http: 502 },
  upstream_truncated: { http: 502 },
  upstream_reset: { http: 502 },
  upstream_stalled: { http: 504 },
  upstream_malformed: { http: 502 },
  shutting_down: { http: 503, close: 1001 },
  internal: { http: 500 },
  dropped: {},
  not_found: { http: 404 },
  forbidden: { http: 403 },
  unauthorized: { http: 401 },
  unsupported_media_type: { http: 415 },
  upgrade_required: { http: 426 },
  config_invalid: { exit: 1 },
  node_too_old: { exit: 1 },
  listen_failed: { exit: 1 },
  fixtures_unusable: { exit: 1 },
  usage_unusable: { exit: 1 },
} as const satisfies Record<string, Edges>

export type ErrorCode = keyof typeof table

/** What an error of this code is at the edges. */
export const edgesOf = (code: ErrorCode): Edges => table[code]

/** An error whose message is for the person who caused it or can mend it: what failed, on what, why, what to do. */
export class DeltatapeError extends Error {
  override readonly name = 'DeltatapeError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** What is told to who comes, or still waits, while the server stops. */
export const shuttingDown = (): DeltatapeError =>
  new DeltatapeError('shutting_down', 'The server is shutting down. Send this again when it is back.')

/** The `code` that Node puts on its system errors (`ENOENT`, `ECONNREFUSED`, …), looked for along the causes too. */
export function systemCode(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (!(at instanceof DeltatapeError) && 'code' in at && typeof at.code === 'string') return at.code
    if (at instanceof AggregateError && at.errors.length > 0) return systemCode(at.errors[0])
  }
  return undefined
}
