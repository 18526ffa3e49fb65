/** Takes the content coding off a body while it streams. */
import { Readable, type Transform } from 'node:stream'
import { constants, createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'
import { memberOf } from '../base/json.ts'

type Body = AsyncIterable<Uint8Array>

/** A body that is cut off gives what can be decoded of it; that it is cut is told by what it says. */
const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip({ finishFlush: constants.Z_SYNC_FLUSH }),
  'x-gzip': () => createGunzip({ finishFlush: constants.Z_SYNC_FLUSH }),
  deflate: () => createInflate({ finishFlush: constants.Z_SYNC_FLUSH }),
  br: () => createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH }),
  zstd: () => createZstdDecompress({ finishFlush: constants.ZSTD_e_flush }),
}

/**
 * What takes a content coding off a body, and hands on what is decoded as soon as it is there. Undefined if there is
 * nothing to take off, or a coding that is not known here.
 *
 * @param header the header `content-encoding`: codings in the order in which they were applied
 */
export function decodingOf(header = ''): ((body: Body) => Body) | undefined {
  const names = header.split(',').map((name) => name.trim().toLowerCase())
  const decoders = names
    .filter((name) => name !== '' && name !== 'identity')
    .map((name) => memberOf(DECODERS, name))
    .toReversed()
  const known = decoders.filter((decoder) => decoder !== undefined)
  if (known.length === 0 || known.length < decoders.length) return undefined
  return (body) => known.reduce(decoded, body)
}

function decoded(body: Body, decoder: () => Transform): Body {
  const source = Readable.from(body, { objectMode: false })
  const stream = decoder()
  source.once('error', (error) => stream.destroy(error))
  stream.once('close', () => source.destroy())
  return source.pipe(stream)
}
