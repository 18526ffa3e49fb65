/** Answers whose bodies are compressed. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Transform } from 'node:stream'
import {
  constants,
  createBrotliCompress,
  createDeflate,
  createGzip,
  createZstdCompress,
  deflateRawSync,
  gzipSync,
} from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { decodingOf } from '../../server/model/coding.ts'
import { compose, words } from '../kit/answers.ts'
import { sse } from '../kit/standin.ts'
import { callOf } from '../kit/calls.ts'
import { bodyOf, drain, liveFrom } from '../kit/tools.ts'
import { ASK } from './scripts.ts'

const TEXT = compose('coding').text(words('Hello, 世界 👋🏽')).completed()

const ENCODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGzip,
  'x-gzip': createGzip,
  deflate: createDeflate,
  br: createBrotliCompress,
  zstd: createZstdCompress,
  'GZIP ': createGzip,
}

const FLUSH: Readonly<Record<string, number>> = {
  br: constants.BROTLI_OPERATION_FLUSH,
  zstd: constants.ZSTD_e_flush,
}

/** An API that compresses a stream, and sends each event when the test says so. */
async function startApi(coding: string, { bytes }: { bytes?: Buffer } = {}) {
  const gates = TEXT.map(() => Promise.withResolvers<void>())
  const closed = Promise.withResolvers<void>()
  const server = createServer(async (_request, response) => {
    response.on('close', closed.resolve)
    response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': coding, etag: '"x"' })
    if (bytes) return void response.end(bytes)
    const encoder = ENCODERS[coding]?.()
    encoder?.pipe(response)
    for (const [index, event] of TEXT.entries()) {
      encoder?.write(sse(event))
      if (encoder && 'flush' in encoder && typeof encoder.flush === 'function') encoder.flush(FLUSH[coding])
      await gates[index]?.promise
    }
    encoder?.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return { gates, closed: closed.promise, model: liveFrom({ url: `http://127.0.0.1:${port}/v1` }) }
}

describe.each(Object.keys(ENCODERS))('%j', (coding) => {
  test('is taken off while it streams: each record is handed on before the next is sent', async () => {
    const { gates, model } = await startApi(coding)
    const { head, records } = await model(callOf(ASK), new AbortController().signal)
    expect(head.headers.filter(([name]) => /^(?:content-|etag)/.test(name))).toEqual([
      ['content-type', 'text/event-stream'],
      ['etag', '"x"'],
    ])
    const seen: unknown[] = []
    for await (const { items } of records) {
      seen.push(...items.map(({ wire }) => wire))
      gates[seen.length - 1]?.resolve()
    }
    expect(seen).toEqual(TEXT.map(sse))
  })

  test('is let go of with its client', async () => {
    const { gates, closed, model } = await startApi(coding)
    const abort = new AbortController()
    const { records } = await model(callOf(ASK), abort.signal)
    gates[0]?.resolve()
    const reading = (async () => {
      for await (const { items } of records) if (items.length > 0) abort.abort(new Error('enough'))
    })()
    await expect(reading).rejects.toThrow('enough')
    await closed
  })
})

test('a compressed body that is cut off gives what there is of it, and is truncated', async () => {
  const bytes = gzipSync(TEXT.map(sse).join(''))
  const { model } = await startApi('gzip', { bytes: bytes.subarray(0, bytes.length - 200) })
  const { records, error } = await drain(model, ASK)
  expect(error).toMatchObject({ code: 'upstream_truncated' })
  expect(TEXT.map(sse).join('').startsWith(bodyOf(records))).toBe(true)
  expect(records.length).toBeGreaterThan(0)
})

test('deflate is taken off without its wrapper, too; a body of nothing is empty', async () => {
  const whole = TEXT.map(sse).join('')
  const { model } = await startApi('deflate', { bytes: deflateRawSync(whole) })
  expect(bodyOf((await drain(model, ASK)).records)).toBe(whole)
  const empty = await startApi('deflate', { bytes: Buffer.alloc(0) })
  expect((await drain(empty.model, ASK)).error).toMatchObject({ code: 'upstream_truncated' })
})

test('a body that is not of its coding breaks the answer', async () => {
  const { model } = await startApi('gzip', { bytes: Buffer.from('plain') })
  expect((await drain(model, ASK)).error).toMatchObject({ code: 'upstream_reset', failure: { why: 'Z_DATA_ERROR' } })
})

test('several codings are taken off in turn, and one that is not known leaves all as it is', async () => {
  const whole = TEXT.map(sse).join('')
  const twice = await startApi('gzip, gzip', { bytes: gzipSync(gzipSync(whole)) })
  expect(bodyOf((await drain(twice.model, ASK)).records)).toBe(whole)
  for (const coding of ['compress', 'gzip, compress', 'constructor']) {
    const bytes = gzipSync(whole)
    const { model } = await startApi(coding, { bytes })
    const { head, records } = await drain(model, callOf(ASK, { path: '/v1/files/f/content' }))
    expect(head?.headers).toContainEqual(['content-encoding', coding])
    expect(Buffer.concat(records.map(({ wire }) => Buffer.from(wire)))).toEqual(bytes)
  }
})

test.each([undefined, '', 'identity', ' , identity'])('there is nothing to take off for %j', (header) => {
  expect(decodingOf(header)).toBeUndefined()
})
