/** What APIs in general say of a failure, in an event of a stream. */
import { type ErrorCode } from '../base/errors.ts'
import { type JsonValue, isObject } from '../base/json.ts'
import type { ModelEvent } from './event.ts'

/** What an event tells of: a code of deltatape, and the API's own words. */
export interface TellsOf {
  readonly code: ErrorCode
  readonly message: string
}

/** What the API says of its failure: `{ code, message }`, either of which may be missing. */
export function tell(what: string, error: JsonValue | undefined): string {
  if (!isObject(error)) return `${what}.`
  const code = typeof error.code === 'string' && error.code !== '' ? ` (${error.code})` : ''
  const message = typeof error.message === 'string' ? error.message.trim().replace(/\.$/, '') : ''
  return message ? `${what}: ${message}${code}.` : `${what}${code}.`
}

const NAMED_SO = /(?:^|\.)(?:error|failed)$/

/**
 * The failure that an event of an API tells of whose events are not known: by its name, by an `error` in it or in its
 * `response`, or by a bare `{ code, message }` without a type.
 */
export function failureIn({ type, name = '', body }: ModelEvent): TellsOf | undefined {
  const within = isObject(body.response) ? body.response.error : undefined
  const error = [body.error, within].find((each) => isObject(each) || (typeof each === 'string' && each !== ''))
  const isBare = type === '' && body.code !== undefined && typeof body.message === 'string'
  if (error === undefined && !isBare && !NAMED_SO.test(type) && !NAMED_SO.test(name)) return undefined
  const told = typeof error === 'string' ? { message: error } : error
  return { code: 'upstream_error', message: tell('The API sent an error', told ?? body) }
}
