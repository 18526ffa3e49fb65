/** How Google's APIs say what went wrong. */
import type { JsonObject } from '../base/json.ts'
import type { Trouble } from './api.ts'

/** The names that Google has for statuses. */
const NAMES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  408: 'DEADLINE_EXCEEDED',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
}

/** The name of a status. */
export const nameOfStatus = (status: number): string =>
  NAMES[status] ?? (status < 500 ? 'FAILED_PRECONDITION' : 'UNKNOWN')

/** `{ "error": { code, message, status } }` */
export const googleError = ({ status, message }: Trouble): JsonObject => ({
  error: { code: status, message, status: nameOfStatus(status) },
})
