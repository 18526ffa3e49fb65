/** Takes the content coding off a body while it streams. */
import { Readable, type Transform } from 'node:stream'
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from 'node:zlib'
import { memberOf } from '../base/json.ts'

type Body = AsyncIterable<Uint8Array>

/** A body that is cut off gives what can be decoded of it; that it is cut is told by what it says. */
const CUT_OFF = { finishFlush: constants.Z_SYNC_FLUSH }

type Decode = (body: Body) => Body

const DECODERS: Readonly<Record<string, Decode>> = {
  gzip: (body) => through(body, createGunzip(CUT_OFF)),
  'x-gzip': (body) => through(body, createGunzip(CUT_OFF)),
  deflate: inflated,
  br: (body) => through(body, createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH })),
  zstd: (body) => through(body, createZstdDecompress({ finishFlush: constants.ZSTD_e_flush })),
}

/**
 * Whether bytes of the coding `deflate` begin as RFC 9110, 8.4.1.2 has it. Some servers leave the zlib wrapper away, and
 * clients take that, too.
 */
export const isWrapped = (bytes: Uint8Array): boolean => ((bytes[0] ?? 0) & 0x0f) === 8

/**
 * What takes a content coding off a body, and hands on what is decoded as soon as it is there. Undefined if there is
 * nothing to take off, or a coding that is not known here.
 *
 * @param header the header `content-encoding`: codings in the order in which they were applied
 */
export function decodingOf(header = ''): Decode | undefined {
  const names = header.split(',').map((name) => name.trim().toLowerCase())
  const decoders = names
    .filter((name) => name !== '' && name !== 'identity')
    .map((name) => memberOf(DECODERS, name))
    .toReversed()
  const known = decoders.filter((decoder) => decoder !== undefined)
  if (known.length === 0 || known.length < decoders.length) return undefined
  return (body) => known.reduce((coded, decode) => decode(coded), body)
}

function through(body: Body, stream: Transform): Body {
  const source = Readable.from(body, { objectMode: false })
  source.once('error', (error) => stream.destroy(error))
  stream.once('close', () => source.destroy())
  return source.pipe(stream)
}

async function* inflated(body: Body): AsyncGenerator<Uint8Array, void> {
  const chunks = body[Symbol.asyncIterator]()
  let first = await chunks.next()
  while (!first.done && first.value.byteLength === 0) first = await chunks.next()
  if (first.done) return
  const begin = first.value
  async function* whole() {
    yield begin
    yield* { [Symbol.asyncIterator]: () => chunks }
  }
  yield* through(whole(), isWrapped(begin) ? createInflate(CUT_OFF) : createInflateRaw(CUT_OFF))
}
