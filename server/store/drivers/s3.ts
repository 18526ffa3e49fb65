/**
 * Fixtures in a bucket: of AWS, R2, Ceph, and whatever else speaks S3. Its library finds credentials, region and endpoint
 * where all programs of AWS do.
 *
 * An object is read in pieces, each by a request of its own whose answer is read to its end at once: nobody who looks at a
 * piece for long holds a connection, and one that breaks costs a piece. Nothing is asked by HEAD, whose answer cannot tell
 * an object that is not there from a bucket that is not.
 */
import type { GetObjectCommandOutput, ListObjectsV2CommandInput, ListObjectsV2CommandOutput } from '@aws-sdk/client-s3'
import { DeltatapeError } from '../../base/errors.ts'
import {
  type Entry,
  type Expected,
  type GetOptions,
  type Got,
  type OpenDriver,
  type Page,
  StoreError,
  wholeOf,
} from '../driver.ts'
import { passwordsIn } from '../place.ts'
import { type Send, createClient } from './s3-client.ts'
import { type Doing, failureIn, s3ErrorOf } from './s3-errors.ts'

/** How much of an object is asked for at once, in bytes. */
const PIECE_BYTES = 4 * 1024 * 1024
/** How often a piece is asked for whose bytes break off. */
const READS = 3

/** Opens a bucket, or a folder of it. */
export const openS3: OpenDriver = ({ place, clock, timeoutMs }) => {
  const { bucket, prefix } = addressIn(place)
  const shown = `s3://${bucket}${prefix && `/${prefix.slice(0, -1)}`}`
  const { send, close } = createClient(shown, clock, timeoutMs)
  const folder: Folder = { send, place: shown, bucket, prefix }
  return {
    place: shown,
    engine: 's3',
    async check() {
      const { Name, KeyCount } = await pageOf(folder, 'check', { MaxKeys: 1 })
      if (Name === undefined && KeyCount === undefined) throw s3ErrorOf(new NotS3Error(), shown, 'check')
    },
    get: (name, options) => get(folder, name, options),
    async put(name, bytes) {
      try {
        return await put(folder, name, bytes)
      } catch (error) {
        throw s3ErrorOf(error, shown, 'put', name)
      }
    },
    putIf: (name, bytes, expected) => putIf(folder, name, bytes, expected),
    list: (within, after) => list(folder, within, after),
    remove: (name, version) => remove(folder, name, version),
    close,
  }
}

/** @throws DeltatapeError `config_invalid` */
function addressIn(place: string): { bucket: string; prefix: string } {
  const [, bucket, folder = ''] = /^s3:\/\/([\w.-]+)(?:\/(.*))?$/is.exec(place) ?? []
  // What looks like a parameter would be a part of the name of each object.
  if (bucket === undefined || passwordsIn(place).length > 0) {
    // It is not repeated: people put keys into it.
    throw new DeltatapeError(
      'config_invalid',
      'FIXTURES: a place on S3 is s3://<bucket> or s3://<bucket>/<prefix>. ' +
        'Keys and an endpoint stand in the variables of AWS, such as AWS_ACCESS_KEY_ID and AWS_ENDPOINT_URL_S3.',
    )
  }
  const inside = folder.replace(/\/+$/, '')
  return { bucket, prefix: inside && `${inside}/` }
}

/** A folder of a bucket. */
interface Folder {
  readonly send: Send
  /** For people. */
  readonly place: string
  readonly bucket: string
  /** What all names of objects begin with: nothing, or something with a slash at its end. */
  readonly prefix: string
}

/** Something answers, and with success, that knows nothing of S3. */
class NotS3Error extends Error {
  override readonly name = 'NotS3Error'
}

/** The bytes of an answer ended before they were all there. */
class CutError extends Error {
  override readonly name = 'CutError'
}

/** The version is what stands between the quotes of an ETag: Ceph compares the If-Match of a PUT with that alone. */
function bare(etag: string | undefined): string {
  if (!etag) throw new NotS3Error()
  return etag.replace(/^(?:W\/)?"(.*)"$/, '$1')
}
const quoted = (version: string | undefined) => (version === undefined ? undefined : `"${version}"`)

/** A part of an object, and what is known of all of it. */
interface Piece {
  readonly version: string
  readonly total: number
  readonly bytes: Uint8Array
}

interface Wanted {
  readonly from: number
  /** All of it if it is left out. */
  readonly length?: number | undefined
  /** A version that is at hand: `same` if it still is the one. */
  readonly known?: string | undefined
  /** The only version that will do: undefined if it is another. */
  readonly only?: string
}

async function pieceOf(
  folder: Folder,
  name: string,
  wanted: Wanted,
  doing: Doing = 'get',
): Promise<Piece | 'same' | undefined> {
  const { from, length, known, only } = wanted
  try {
    return await folder.send(async ({ s3, client, options, expect }) => {
      const command = {
        Bucket: folder.bucket,
        Key: folder.prefix + name,
        Range: length === undefined ? undefined : `bytes=${from}-${from + length - 1}`,
        IfNoneMatch: quoted(known),
        IfMatch: quoted(only),
      }
      for (let left = READS; left > 0; left--) {
        const answer = await client.send(new s3.GetObjectCommand(command), options)
        expect(answer.ContentLength ?? 0)
        const piece = await readFrom(answer, wanted)
        if (piece) return piece
      }
      throw new CutError()
    })
  } catch (error) {
    const { name: code, status } = failureIn(error)
    // The library takes it for an error.
    if (status === 304) return 'same'
    if (code === 'NoSuchKey' || status === 412) return undefined
    if (code === 'AccessDenied' && (await isHidden(folder, name))) return undefined
    // An empty object has no first byte.
    if (status === 416 && length !== undefined) return pieceOf(folder, name, { ...wanted, length: undefined }, doing)
    throw s3ErrorOf(error, folder.place, doing, name)
  }
}

/**
 * Whether an object that may not be read is not there. Who may list a folder, and not the whole bucket, is told of each
 * name without an object that it is forbidden; a listing that begins with the name knows better.
 */
async function isHidden(folder: Folder, name: string): Promise<boolean> {
  try {
    const [first] = entriesOf(await pageOf(folder, 'get', { Prefix: name, MaxKeys: 1 }), folder)
    return first?.name !== name
  } catch {
    // Then what is told is that it may not be read.
    return false
  }
}

/** Reads an answer to its end; undefined if that comes too soon. */
async function readFrom(
  { Body, ContentLength, ContentRange = '', ETag }: GetObjectCommandOutput,
  { from, length = Infinity }: Wanted,
): Promise<Piece | undefined> {
  const version = bare(ETag)
  const bytes = await Body?.transformToByteArray().catch(() => undefined)
  if (!bytes || bytes.byteLength !== (ContentLength ?? bytes.byteLength)) return undefined
  const [, begin = 0, total = bytes.byteLength] = /(\d+)-\d+\/(\d+)$/.exec(ContentRange) ?? []
  // Who knows no ranges sends the whole object, whatever was asked for.
  const skipped = from - Number(begin)
  return { version, total: Number(total), bytes: bytes.subarray(skipped, skipped + length) }
}

async function get(folder: Folder, name: string, { known, first = Infinity }: GetOptions = {}): Promise<Got> {
  const head = await pieceOf(folder, name, { from: 0, length: Math.max(1, Math.min(first, PIECE_BYTES)), known })
  if (head === undefined || head === 'same') return head
  const { version, total } = head
  const end = Math.min(first, total)
  const begin = head.bytes.subarray(0, end)
  const rest = async function* () {
    yield begin
    for (let from = begin.byteLength; from < end;) {
      const piece = await pieceOf(folder, name, { from, length: Math.min(PIECE_BYTES, end - from), only: version })
      if (piece === undefined || piece === 'same' || piece.bytes.byteLength === 0) {
        throw new StoreError('store_changed', `${folder.place}: ${name} was written anew while it was read. Ask again.`)
      }
      yield piece.bytes
      from += piece.bytes.byteLength
    }
  }
  return { name, version, bytes: total, body: () => (begin.byteLength === end ? [begin] : rest()) }
}

/** Writes an object, and gives its version. Throws what the library throws. */
const put = (folder: Folder, name: string, bytes: Uint8Array, expected?: Expected): Promise<string> =>
  folder.send(async ({ s3, client, options }) => {
    const { ETag } = await client.send(
      new s3.PutObjectCommand({
        Bucket: folder.bucket,
        Key: folder.prefix + name,
        Body: bytes,
        ContentType: name.endsWith('.jsonl') ? 'application/jsonl' : 'application/octet-stream',
        IfNoneMatch: expected === 'absent' ? '*' : undefined,
        IfMatch: typeof expected === 'object' ? expected.version : undefined,
      }),
      options,
    )
    return bare(ETag)
  }, bytes.byteLength)

async function putIf(folder: Folder, name: string, bytes: Uint8Array, expected: Expected): Promise<string | undefined> {
  try {
    return await put(folder, name, bytes, expected)
  } catch (error) {
    const { name: code, status, tries } = failureIn(error)
    if (status !== 412 && status !== 409 && code !== 'NoSuchKey') throw s3ErrorOf(error, folder.place, 'put', name)
    if (tries === 1) return undefined
  }
  // An earlier try may have been carried out, though its answer was lost: then what is there is ours.
  const got = await get(folder, name)
  if (typeof got !== 'object' || got.bytes !== bytes.byteLength) return undefined
  return (await wholeOf(got)).equals(bytes) ? got.version : undefined
}

const pageOf = async (
  { send, place, bucket, prefix }: Folder,
  doing: Doing,
  { Prefix = '', ...more }: Partial<ListObjectsV2CommandInput>,
): Promise<ListObjectsV2CommandOutput> => {
  // XML has no way to say each character that a name may have.
  const command = { ...more, Bucket: bucket, Prefix: prefix + Prefix, EncodingType: 'url' } as const
  try {
    return await send(({ s3, client, options }) => client.send(new s3.ListObjectsV2Command(command), options))
  } catch (error) {
    throw s3ErrorOf(error, place, doing)
  }
}

function entriesOf({ Contents = [], EncodingType }: ListObjectsV2CommandOutput, { prefix }: Folder): Entry[] {
  return Contents.flatMap(({ Key = '', ETag, Size }) => {
    const key = EncodingType === 'url' ? decodeURIComponent(Key.replaceAll('+', ' ')) : Key
    const name = key.slice(prefix.length)
    // Consoles make an object of a folder.
    return name === '' || name.endsWith('/') ? [] : [{ name, version: ETag && bare(ETag), bytes: Size }]
  })
}

async function* list(folder: Folder, within = '', after = ''): AsyncIterable<Page> {
  const begin = after === '' ? {} : { StartAfter: folder.prefix + after }
  for (let more: Partial<ListObjectsV2CommandInput> | undefined = begin; more;) {
    const answer: ListObjectsV2CommandOutput = await pageOf(folder, 'list', { Prefix: within, ...more })
    const entries = entriesOf(answer, folder)
    if (entries.length > 0) yield { entries }
    const next: string | undefined = answer.IsTruncated ? answer.NextContinuationToken : undefined
    more = next === undefined ? undefined : { ContinuationToken: next }
  }
}

async function remove(folder: Folder, name: string, version?: string): Promise<boolean> {
  // A DELETE is answered alike whether there was something or not, and Ceph does not look at its condition.
  const there = await pieceOf(folder, name, { from: 0, length: 1, known: version }, 'remove')
  if (version === undefined ? there === undefined : there !== 'same') return false
  try {
    await folder.send(({ s3, client, options }) => {
      const command = { Bucket: folder.bucket, Key: folder.prefix + name, IfMatch: version }
      return client.send(new s3.DeleteObjectCommand(command), options)
    })
    return true
  } catch (error) {
    const { name: code, status, tries } = failureIn(error)
    // An earlier try may have been carried out, though its answer was lost.
    if (code === 'NoSuchKey') return tries > 1
    if (status === 412) return false
    throw s3ErrorOf(error, folder.place, 'remove', name)
  }
}
