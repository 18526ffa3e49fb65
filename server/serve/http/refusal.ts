/** Errors of deltatape as answers over HTTP. */
import type { Api, Asked } from '../../api/api.ts'
import { refusalOf } from '../../api/error.ts'
import type { DeltatapeError, ErrorCode } from '../../base/errors.ts'
import type { Reply } from './reply.ts'

/** How soon a client may try again that was told that there is no room, in seconds. */
const BUSY_SECONDS = '1'

const MORE_HEADERS: Partial<Record<ErrorCode, readonly (readonly [string, string])[]>> = {
  busy: [
    ['retry-after', BUSY_SECONDS],
    ['connection', 'close'],
  ],
  too_large: [['connection', 'close']],
  unauthorized: [['www-authenticate', 'Bearer']],
  upgrade_required: [['upgrade', 'websocket']],
}

/** What may be over a moment later. Programs try that again by themselves, as they would if they asked the API directly. */
const PASSING: ReadonlySet<ErrorCode> = new Set(['busy', 'shutting_down', 'store_changed', 'upstream_unreachable'])

/** An error in the shape of the API that was called; any that stays says that it is not worth another try. */
export function refuse(error: DeltatapeError, api: Api, call?: Asked): Reply {
  const { status, headers = [], body } = refusalOf(error, api, call)
  return {
    status,
    headers: [
      ['content-type', 'application/json'],
      ...(PASSING.has(error.code) ? [] : [['x-should-retry', 'false'] as const]),
      ...headers,
      ...(MORE_HEADERS[error.code] ?? []),
    ],
    body: new TextEncoder().encode(JSON.stringify(body)),
  }
}
