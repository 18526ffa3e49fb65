/** The one table of everything that can go wrong: a stable word, and what it becomes at each edge. */
import { types } from 'node:util'

/** How a process ends: its exit codes, and no other. */
export const EXIT = {
  /** It did what it was told. */
  fine: 0,
  /** It found what it looks for: a problem, a difference, something unused. */
  found: 1,
  /** A server could not start. */
  notStarted: 1,
  /** It could not look: a bad flag, a directory that cannot be read. */
  notLooked: 2,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

interface Edges {
  /** HTTP status, if the error ends an HTTP request. */
  readonly http?: number
  /** WebSocket close code, if the error ends a connection (RFC 6455, 7.4). */
  readonly close?: number
  /** Exit code, if the error ends the server. */
  readonly exit?: ExitCode
}

const table = {
  invalid_json: { http: 400 },
  invalid_input: { http: 400 },
  too_large: { http: 413, close: 1009 },
  busy: { http: 503, close: 1013 },
  cancelled: {},
  fixture_miss: { http: 404 },
  fixture_invalid: { http: 500 },
  store_away: { http: 503, exit: EXIT.notStarted },
  store_refused: { http: 500, exit: EXIT.notStarted },
  store_changed: { http: 503 },
  store_forgot: { http: 500 },
  rule_too_slow: { http: 500 },
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
  config_invalid: { exit: EXIT.notStarted },
  listen_failed: { exit: EXIT.notStarted },
  fixtures_unusable: { exit: EXIT.notStarted },
  usage_unusable: { exit: EXIT.notStarted },
} as const satisfies Record<string, Edges>

export type ErrorCode = keyof typeof table

/** What an error with this code becomes at the edges. */
export const edgesOf = (code: ErrorCode): Edges => table[code]

/**
 * An error whose message is for the person who caused it or can mend it: what failed, on which thing, why, and what to
 * do.
 */
export class DeltatapeError extends Error {
  override readonly name = 'DeltatapeError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    // Nobody reads it, and it would keep what its functions hold: the message of a client, as long as the error waits.
    this.stack = `DeltatapeError: ${message}`
  }
}

/** A replayed call has no fixture. */
export class MissError extends DeltatapeError {
  /** The file name that its fixture would have. */
  readonly fixture: string

  constructor(message: string, fixture: string) {
    super('fixture_miss', message)
    this.fixture = fixture
  }
}

/** What clients are told while the server stops. */
export const shuttingDown = (): DeltatapeError =>
  new DeltatapeError('shutting_down', 'The server is shutting down. Send this again when it is back.')

/**
 * Whether a value is an error, of whichever realm. A test runner that gives each test file globals of its own (Jest,
 * vitest's `vmThreads`) leaves Node's errors in another realm, and to `instanceof` they are no errors there.
 */
export const isError = (value: unknown): value is Error => types.isNativeError(value) || value instanceof Error

/**
 * The `code` that Node puts on its system errors (`ENOENT`, `ECONNREFUSED`, …). It is looked for along the causes, and
 * in the first of several errors.
 */
export function systemCode(error: unknown): string | undefined {
  for (let at = error; isError(at); at = at.cause) {
    if (!(at instanceof DeltatapeError) && 'code' in at && typeof at.code === 'string') return at.code
    if ('errors' in at && Array.isArray(at.errors) && at.errors.length > 0) return systemCode(at.errors[0])
  }
  return undefined
}
