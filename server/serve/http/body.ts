/** The body of a call: its bytes as they were sent, and what they say without their content coding. */
import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, inflateRaw, zstdDecompress } from 'node:zlib'
import type { Clock, Timer } from '../../base/clock.ts'
import { DeltatapeError, systemCode } from '../../base/errors.ts'
import { isWrapped } from '../../model/coding.ts'

/** How much of a body that is too large is read and dropped so that its client can read why, in bytes, and how long, in ms. */
const MAX_DROPPED_BYTES = 512 * 1024 * 1024

const MAX_DROPPING_MS = 30_000

export const tooLarge = (maxBytes: number): DeltatapeError =>
  new DeltatapeError('too_large', `The body is larger than MAX_BODY_BYTES allows: ${maxBytes} bytes.`)

/**
 * Reads the body of a request of at most `maxBytes`. A client that is refused while it still sends may never read why:
 * so the rest of a body that is too large is read and dropped first, within bounds.
 *
 * @throws DeltatapeError `too_large`, or `invalid_input` if the client left in the middle
 */
export function readBody(request: IncomingMessage, maxBytes: number, clock: Clock): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
  if (Number(request.headers['content-length'] ?? 0) > maxBytes + MAX_DROPPED_BYTES) {
    reject(tooLarge(maxBytes))
    return promise
  }
  const chunks: Buffer[] = []
  let bytes = 0
  let patience: Timer | undefined
  const giveUp = () => {
    request.pause()
    reject(tooLarge(maxBytes))
  }
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.byteLength
    if (bytes <= maxBytes) return void chunks.push(chunk)
    chunks.length = 0
    patience ??= clock.timer(MAX_DROPPING_MS, giveUp)
    if (bytes > maxBytes + MAX_DROPPED_BYTES) giveUp()
  })
  request.once('end', () => {
    const [only, ...others] = chunks
    if (bytes > maxBytes) reject(tooLarge(maxBytes))
    else resolve(only && others.length === 0 ? only : Buffer.concat(chunks))
  })
  request.once('close', () => {
    patience?.clear()
    if (!request.complete) reject(new DeltatapeError('invalid_input', 'The body broke off before its end.'))
  })
  return promise
}

const [inflateWrapped, inflateBare] = [promisify(inflate), promisify(inflateRaw)]

const DECODERS = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: (body: Uint8Array, options: { maxOutputLength: number }) =>
    isWrapped(body) ? inflateWrapped(body, options) : inflateBare(body, options),
  br: promisify(brotliDecompress),
  zstd: promisify(zstdDecompress),
} as const

type Coding = keyof typeof DECODERS

const isCoding = (name: string): name is Coding => Object.hasOwn(DECODERS, name)

/**
 * Takes the content coding off a body.
 *
 * @param coding the header `content-encoding`
 * @throws DeltatapeError `unsupported_media_type` for a coding that is not known, `too_large` for what would be larger
 *   than `maxBytes`, `invalid_input` for what is not of that coding
 */
export async function decodeBody(body: Uint8Array, coding: string | undefined, maxBytes: number): Promise<Uint8Array> {
  // A call without a body may have the header, too.
  if (coding === undefined || body.byteLength === 0) return body
  const names = coding.split(',').map((name) => name.trim().toLowerCase())
  let content = body
  for (const name of names.toReversed()) {
    if (name === '' || name === 'identity') continue
    if (!isCoding(name)) {
      const known = Object.keys(DECODERS).join(', ')
      throw new DeltatapeError(
        'unsupported_media_type',
        `The body has the content-encoding ${JSON.stringify(name)}, which is not known here. Send it without, or as one of ${known}.`,
      )
    }
    try {
      content = await DECODERS[name](content, { maxOutputLength: maxBytes })
    } catch (cause) {
      if (systemCode(cause) === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes)
      throw new DeltatapeError('invalid_input', `The body is not ${name}, though its content-encoding says so.`, {
        cause,
      })
    }
  }
  return content
}
