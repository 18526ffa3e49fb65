/** The body of a call: its bytes as they were sent, and what they say without their content coding. */
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw, createZstdDecompress } from 'node:zlib'
import type { Clock, Timer } from '../../base/clock.ts'
import { DeltatapeError, isError } from '../../base/errors.ts'
import type { Account } from '../../base/ledger.ts'
import { memberOf } from '../../base/json.ts'
import { quoted } from '../../base/name.ts'
import { isWrapped } from '../../model/coding.ts'
import { type Gathering, createGathering } from './gather.ts'

/** How much of a body that is too large is read and dropped so that its client can read why, in bytes, and how long, in ms. */
const MAX_DROPPED_BYTES = 512 * 1024 * 1024

const MAX_DROPPING_MS = 30_000

const tooLarge = (maxBytes: number): DeltatapeError =>
  new DeltatapeError(
    'too_large',
    `The body is larger than MAX_BODY_BYTES allows: ${maxBytes} bytes. Send less, or start the server with a larger one.`,
  )

export interface BodyLimits {
  /** How large a body may be, with its content coding taken off. */
  readonly maxBytes: number
  /** What is kept of it is charged here. */
  readonly account: Account
}

/**
 * Reads the body of a request. A client that is refused while it still sends may never read why: so the rest of a body
 * for which there is no room is read and dropped first, within bounds.
 *
 * @throws DeltatapeError `too_large`, `busy`, or `invalid_input` if the client left in the middle
 */
export function readBody(
  request: IncomingMessage | Http2ServerRequest,
  { maxBytes, account }: BodyLimits,
  clock: Clock,
): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
  if (Number(request.headers['content-length'] ?? 0) > maxBytes + MAX_DROPPED_BYTES) {
    reject(tooLarge(maxBytes))
    return promise
  }
  let gathering: Gathering | undefined = createGathering()
  let bytes = 0
  let refusal: DeltatapeError | undefined
  let patience: Timer | undefined
  let ended = false
  const giveUp = () => {
    request.pause()
    reject(refusal)
  }
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.byteLength
    if (!refusal && bytes <= maxBytes && account.take(chunk.byteLength)) return gathering?.add(chunk)
    if (!refusal) {
      refusal = bytes > maxBytes ? tooLarge(maxBytes) : account.refusal(bytes)
      account.close()
      gathering = undefined
      patience = clock.timer(MAX_DROPPING_MS, giveUp)
    }
    if (bytes > maxBytes + MAX_DROPPED_BYTES) giveUp()
  })
  request.on('end', () => {
    ended = true
    if (refusal || !gathering) reject(refusal)
    else resolve(gathering.whole())
  })
  request.on('close', () => {
    patience?.clear()
    // A request of HTTP/2 that was given up calls itself complete.
    if (!ended)
      reject(
        new DeltatapeError(
          'invalid_input',
          'The body broke off before its end, so nothing was asked. Send the call again.',
        ),
      )
  })
  return promise
}

const DECODERS: Readonly<Record<string, (body: Uint8Array) => Transform>> = {
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  deflate: (body) => (isWrapped(body) ? createInflate() : createInflateRaw()),
  br: () => createBrotliDecompress(),
  zstd: () => createZstdDecompress(),
}

/** How many content codings a body may have, one over another: each may make it a thousand times as large. */
const MAX_CODINGS = 4

/**
 * Takes the content coding off a body.
 *
 * @param coding the header `content-encoding`
 * @throws DeltatapeError `unsupported_media_type` for a coding that is not known, `too_large` for what would be larger
 *   than `maxBytes`, `busy` for what there is no room for, `invalid_input` for what is not of that coding
 */
export async function decodeBody(
  body: Uint8Array,
  coding: string | undefined,
  limits: BodyLimits,
): Promise<Uint8Array> {
  // A call without a body may have the header, too.
  if (coding === undefined || body.byteLength === 0) return body
  const names = coding
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && name !== 'identity')
  if (names.length > MAX_CODINGS) {
    throw new DeltatapeError(
      'unsupported_media_type',
      `A body has at most ${MAX_CODINGS} content codings, and this one has more. Send it with fewer, or with none.`,
    )
  }
  let content = body
  for (const name of names.toReversed()) {
    const decoder = memberOf(DECODERS, name)
    if (!decoder) {
      const known = Object.keys(DECODERS).join(', ')
      throw new DeltatapeError(
        'unsupported_media_type',
        `The body has the content-encoding ${quoted(name)}, which is not known here. Send it without, or as one of ${known}.`,
      )
    }
    const coded = content
    content = await decoded(coded, name, decoder(coded), limits)
    if (coded !== body) limits.account.credit(coded.byteLength)
  }
  return content
}

/** Takes one coding off. What comes of it is charged piece by piece: a small body may become a large one. */
async function decoded(
  body: Uint8Array,
  name: string,
  decoder: Transform,
  { maxBytes, account }: BodyLimits,
): Promise<Uint8Array> {
  const gathering = createGathering()
  let bytes = 0
  decoder.end(body)
  try {
    for await (const chunk of decoder) {
      bytes += chunk.byteLength
      if (bytes > maxBytes) throw tooLarge(maxBytes)
      if (!account.take(chunk.byteLength)) throw account.refusal(bytes)
      gathering.add(chunk)
    }
  } catch (cause) {
    if (cause instanceof DeltatapeError || !isError(cause)) throw cause
    throw new DeltatapeError(
      'invalid_input',
      `The body is not ${name}, though its content-encoding says so. Send it in that coding, or without the header.`,
      {
        cause,
      },
    )
  }
  return gathering.whole()
}
