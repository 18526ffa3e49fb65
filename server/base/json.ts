/** JSON as it is sent and received: its types, and what must be known of a text before it is trusted. */

export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject

export interface JsonObject {
  [name: string]: JsonValue
}

/** Deeper nesting than this is refused: nothing real needs it, and every walk over a value may recurse. */
export const MAX_DEPTH = 128

/** Whether a parsed JSON value is an object: not an array, not null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A member of an object by a name that comes from data: what every object inherits (`toString`, …) is none. */
export const memberOf = <T>(object: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(object, name) ? object[name] : undefined

/** Whether two values are the same JSON, in whatever order their members stand. Stops at the first difference. */
export function isEqual(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => isEqual(item, b[index]))
  }
  if (!isObject(a) || !isObject(b)) return a === b
  const names = Object.keys(a)
  return (
    names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && isEqual(a[name], b[name]))
  )
}

/** A value as people read it: a text as it is, anything else as JSON. */
export const asText = (value: JsonValue): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** The object that `text` holds, or undefined where it is no JSON or JSON of another kind. */
export function parseObject(text: string): JsonObject | undefined {
  const value = parseJson(text)
  return isObject(value) ? value : undefined
}

/** The value that `text` holds, or undefined where it is no JSON. */
export function parseJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** A row of digits as long as that of the first integer that a JavaScript number cannot hold exactly. */
const LONG_INTEGER = /\d{16}/

/** Whether a JSON text may hold an integer that a number cannot hold. */
export const mayHaveLongInteger = (text: string): boolean => LONG_INTEGER.test(text)

/**
 * The value that a JSON text holds, with `wrap` applied to the digits of each integer that a JavaScript number cannot
 * hold exactly.
 *
 * @throws SyntaxError if it is not JSON
 */
export function parseExact(text: string, wrap: (digits: string) => string): JsonValue {
  if (!LONG_INTEGER.test(text)) return JSON.parse(text)
  return JSON.parse(text, (...[, value, context]: readonly unknown[]) => {
    if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
    const source = isObject(context) ? context.source : undefined
    return typeof source === 'string' && /^-?\d+$/.test(source) ? wrap(source) : value
  })
}

/**
 * Why a value cannot be a request, in words that complete "it …", or undefined where it can: nested deeper than
 * {@link MAX_DEPTH}, or holding half of a surrogate pair, which has no canonical form (RFC 8785, 3.2.2.2).
 */
export function flawOf(value: JsonValue, depth = 0): string | undefined {
  if (typeof value === 'string') return value.isWellFormed() ? undefined : 'holds a lone surrogate, which is no text'
  if (typeof value !== 'object' || value === null) return undefined
  if (depth === MAX_DEPTH) return `is nested more than ${MAX_DEPTH} levels deep`
  for (const [name, member] of Object.entries(value)) {
    const flaw = flawOf(name) ?? flawOf(member, depth + 1)
    if (flaw) return flaw
  }
  return undefined
}
