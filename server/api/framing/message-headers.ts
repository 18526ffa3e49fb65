/** The headers of a message of an AWS event stream: bytes → JSON, and back. */
import { type JsonObject, type JsonValue, isObject } from '../../base/json.ts'

/** By name: a text, a boolean, or an object that names the type of any other value. */
export type MessageHeaders = JsonObject

/** How a value is written, by the number of its type in the bytes. */
interface Type {
  /** As JSON names it; undefined if the JSON value tells it by itself. */
  readonly name?: string
  /** How many bytes it takes; undefined if its length stands before it. */
  readonly size?: number
  read(bytes: Buffer): JsonValue
  /** Undefined if the value is none of this type. */
  write(value: JsonValue): Buffer | undefined
}

const constant = (meant: boolean): Type => ({
  size: 0,
  read: () => meant,
  write: (value) => (value === meant ? Buffer.alloc(0) : undefined),
})

const integer = (name: string, size: number): Type => ({
  name,
  size,
  read: (bytes) => bytes.readIntBE(0, size),
  write(value) {
    const limit = 2 ** (8 * size - 1)
    if (typeof value !== 'number' || !Number.isInteger(value) || value < -limit || value >= limit) return undefined
    const bytes = Buffer.alloc(size)
    bytes.writeIntBE(value, 0, size)
    return bytes
  },
})

/** Integers of 64 bits are texts: JSON numbers cannot hold them. */
const long = (name: string): Type => ({
  name,
  size: 8,
  read: (bytes) => String(bytes.readBigInt64BE(0)),
  write(value) {
    if (typeof value !== 'string' || !/^-?\d{1,19}$/.test(value)) return undefined
    if (BigInt.asIntN(64, BigInt(value)) !== BigInt(value)) return undefined
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64BE(BigInt(value))
    return bytes
  },
})

const encoded = (name: string, encoding: 'base64' | 'hex', size?: number): Type => ({
  name,
  ...(size === undefined ? {} : { size }),
  read: (bytes) => bytes.toString(encoding),
  write(value) {
    if (typeof value !== 'string') return undefined
    const bytes = Buffer.from(value, encoding)
    return bytes.length === (size ?? bytes.length) && bytes.toString(encoding) === value ? bytes : undefined
  },
})

const text: Type = {
  read: (bytes) => bytes.toString('utf8'),
  write: (value) => (typeof value === 'string' ? Buffer.from(value) : undefined),
}

/** In the order of their numbers. */
const TYPES: readonly Type[] = [
  constant(true),
  constant(false),
  integer('byte', 1),
  integer('short', 2),
  integer('int', 4),
  long('long'),
  encoded('bytes', 'base64'),
  text,
  long('timestamp'),
  encoded('uuid', 'hex', 16),
]

/** Two headers of one name cannot be told apart in JSON, and a name that is a number changes its place. */
const isPlain = (name: string, known: ReadonlyMap<string, JsonValue>): boolean =>
  !known.has(name) && !/^\d+$/.test(name)

/** The headers that some bytes are; undefined if they are none, or cannot be written so. */
export function decodeHeaders(bytes: Buffer): MessageHeaders | undefined {
  const headers = new Map<string, JsonValue>()
  for (let at = 0; at < bytes.length;) {
    const nameEnd = at + 1 + (bytes[at] ?? 0)
    const name = bytes.toString('utf8', at + 1, nameEnd)
    const type = TYPES[bytes[nameEnd] ?? TYPES.length]
    if (!type || !isPlain(name, headers)) return undefined
    let start = nameEnd + 1
    let { size } = type
    if (size === undefined) {
      if (start + 2 > bytes.length) return undefined
      size = bytes.readUInt16BE(start)
      start += 2
    }
    at = start + size
    if (at > bytes.length) return undefined
    const value = type.read(bytes.subarray(start, at))
    headers.set(name, type.name === undefined ? value : { [type.name]: value })
  }
  return Object.fromEntries(headers)
}

/** The bytes of headers; undefined if they are none. */
export function encodeHeaders(headers: MessageHeaders): Buffer | undefined {
  const parts: Buffer[] = []
  for (const [name, value] of Object.entries(headers)) {
    const [number, bytes] = encodeValue(value) ?? []
    const nameBytes = Buffer.from(name)
    if (number === undefined || bytes === undefined || nameBytes.length > 0xff || bytes.length > 0xffff)
      return undefined
    const length = Buffer.alloc(TYPES[number]?.size === undefined ? 2 : 0)
    if (length.length > 0) length.writeUInt16BE(bytes.length)
    parts.push(Buffer.of(nameBytes.length), nameBytes, Buffer.of(number), length, bytes)
  }
  return Buffer.concat(parts)
}

/** The number of the type of a value, and its bytes. */
function encodeValue(value: JsonValue): readonly [number, Buffer] | undefined {
  const [[name, inner], another] = isObject(value)
    ? [Object.entries(value)[0] ?? [undefined, null], Object.keys(value)[1]]
    : [[undefined, value]]
  if (another !== undefined) return undefined
  for (const [number, type] of TYPES.entries()) {
    const bytes = type.name === name ? type.write(inner) : undefined
    if (bytes) return [number, bytes]
  }
  return undefined
}

/** The same with another text in a header: in one that is bytes each byte is a character. */
function changedBy(value: JsonValue, change: (text: string) => string): JsonValue {
  if (typeof value === 'string') return change(value)
  if (!isObject(value) || typeof value.bytes !== 'string') return value
  const before = Buffer.from(value.bytes, 'base64').toString('latin1')
  const after = change(before)
  return after === before ? value : { bytes: Buffer.from(after, 'latin1').toString('base64') }
}

/** The headers with another text for each that is one, or bytes; the very same headers if none changes. */
export function withTexts(headers: MessageHeaders, change: (text: string) => string): MessageHeaders {
  let isChanged = false
  const changed = Object.entries(headers).map(([name, value]) => {
    const after = changedBy(value, change)
    isChanged ||= after !== value
    return [name, after] as const
  })
  return isChanged ? Object.fromEntries(changed) : headers
}
