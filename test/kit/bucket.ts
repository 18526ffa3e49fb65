/** A bucket as tests need one beyond what deltatape does with it, and a wire to it that can break. */
import {
  DeleteBucketPolicyCommand,
  DeleteObjectsCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { once } from 'node:events'
import { type AddressInfo, type Socket, connect, createServer } from 'node:net'
import { onTestFinished } from 'vitest'

/** Takes away all that lies in a place (`s3://bucket/prefix`). */
export async function emptyBucket(place: string): Promise<void> {
  const { host: Bucket, pathname } = new URL(place)
  const client = new S3Client({ forcePathStyle: true })
  for (let left = true; left;) {
    const command = new ListObjectsV2Command({ Bucket, Prefix: `${decodeURIComponent(pathname).slice(1)}/` })
    const { Contents = [], IsTruncated = false } = await client.send(command)
    const Objects = Contents.map(({ Key }) => ({ Key }))
    if (Objects.length > 0) await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }))
    left = IsTruncated
  }
  client.destroy()
}

/** Who has no rights but those that the owner of the bucket gives. */
export const READER = { AWS_ACCESS_KEY_ID: 'reader', AWS_SECRET_ACCESS_KEY: 'readerreader' }

/** Gives the reader rights to a place, for the time of a test. */
export async function allowReader(
  place: string,
  rights: readonly { readonly action: string; readonly on: 'objects' | 'folder' }[],
): Promise<void> {
  const { host: Bucket, pathname } = new URL(place)
  const client = new S3Client({ forcePathStyle: true })
  const all = { Effect: 'Allow', Principal: { AWS: ['arn:aws:iam:::user/reader'] } }
  const bucket = `arn:aws:s3:::${Bucket}`
  const Statement = rights.map(({ action, on }) => ({
    ...all,
    Action: `s3:${action}`,
    ...(on === 'objects'
      ? { Resource: `${bucket}${pathname}/*` }
      : { Resource: bucket, Condition: { StringLike: { 's3:prefix': `${pathname.slice(1)}/*` } } }),
  }))
  onTestFinished(async () => {
    await client.send(new DeleteBucketPolicyCommand({ Bucket }))
    client.destroy()
  })
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
  await client.send(new PutBucketPolicyCommand({ Bucket, Policy }))
}

/** Starts a server of bytes on this machine, which goes with the test; gives its address. */
export async function listening(serve: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket)).on('error', () => socket.destroy())
    serve(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** What comes of some bytes of an answer: they go on, or the connection ends there. */
export type Wire = (bytes: Buffer, passed: number) => boolean | Promise<boolean>

/**
 * A way to the gateway on which answers can break.
 *
 * @param wire asked for each piece of an answer, with how many bytes of this connection have passed already
 */
export const wireTo = (gateway: string, wire: Wire): Promise<string> =>
  listening((near) => {
    const { hostname, port } = new URL(gateway)
    const far = connect(Number(port), hostname)
    const end = () => {
      near.destroy()
      far.destroy()
    }
    far.on('error', end).on('close', end)
    near.on('close', end).pipe(far)
    let passed = 0
    const pass = async (bytes: Buffer) => {
      far.pause()
      if (!(await wire(bytes, passed))) return end()
      passed += bytes.length
      near.write(bytes)
      far.resume()
    }
    far.on('data', (bytes: Buffer) => void pass(bytes))
  })
