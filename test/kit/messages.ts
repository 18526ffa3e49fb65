/** Messages of AWS event streams, made here from what is known of the format. */
import { crc32 } from 'node:zlib'
import { encodeHeaders } from '../../server/api/framing/message-headers.ts'
import type { JsonObject } from '../../server/base/json.ts'

/** A whole message, with its lengths and checksums. */
export function message(payload: string | Uint8Array, headers: JsonObject): Buffer {
  const head = encodeHeaders(headers) ?? Buffer.alloc(0)
  const body = Buffer.from(payload)
  const prelude = Buffer.alloc(12)
  prelude.writeUInt32BE(16 + head.length + body.length, 0)
  prelude.writeUInt32BE(head.length, 4)
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8)
  const bytes = Buffer.concat([prelude, head, body, Buffer.alloc(4)])
  bytes.writeUInt32BE(crc32(bytes.subarray(0, -4)), bytes.length - 4)
  return bytes
}
