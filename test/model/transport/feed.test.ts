import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { bytesOf, createFeed } from '../../../server/model/transport/feed.ts'
import { failureOf, open } from './network.ts'

/** A feed, with what was asked of its connection. */
function start(signal = open()) {
  const asked: string[] = []
  const feed = createFeed(signal, {
    pause: () => void asked.push('pause'),
    resume: () => void asked.push('resume'),
    leave: () => void asked.push('leave'),
  })
  return { ...feed, asked, chunks: feed.body[Symbol.asyncIterator]() }
}

const bytes = (size: number) => new Uint8Array(size)

test('hands on all that came in one piece, and what comes, and then ends', async () => {
  const { push, end, chunks, asked } = start()
  push(Buffer.of(1))
  push(bytes(0))
  push(Buffer.of(2, 3))
  expect((await chunks.next()).value).toEqual(Buffer.of(1, 2, 3))
  const next = chunks.next()
  push(Buffer.of(4))
  push(Buffer.of(5))
  expect((await next).value).toEqual(Buffer.of(4, 5))
  const last = chunks.next()
  end()
  expect(await last).toEqual({ done: true, value: undefined })
  expect(await chunks.next()).toEqual({ done: true, value: undefined })
  await chunks.return?.()
  expect(asked).toEqual([])
})

test('hands on what came before a failure, and nothing that comes after it', async () => {
  const { push, fail, end, chunks } = start()
  const failure = new Error('It broke.')
  push(bytes(1))
  fail(failure)
  push(bytes(2))
  end()
  expect((await chunks.next()).value).toHaveLength(1)
  expect(await failureOf(chunks.next())).toBe(failure)
})

test('lets the connection wait while too much is not read, and never for the next one', async () => {
  const { push, end, chunks, asked } = start()
  push(bytes(64 * 1024 - 1))
  expect(asked).toEqual([])
  push(bytes(1))
  push(bytes(1))
  expect(asked).toEqual(['pause'])
  expect((await chunks.next()).value).toHaveLength(64 * 1024 + 1)
  expect(asked).toEqual(['pause', 'resume'])
  push(bytes(64 * 1024))
  end()
  expect(asked).toEqual(['pause', 'resume', 'pause', 'resume'])
  expect((await chunks.next()).value).toHaveLength(64 * 1024)
})

test.each(['waits', 'does not wait'])('its reader may leave, while it %s', async (when) => {
  const { push, chunks, asked } = start()
  const next = when === 'waits' ? chunks.next() : undefined
  if (!next) push(bytes(1))
  expect(await chunks.return?.()).toEqual({ done: true, value: undefined })
  if (next) expect(await next).toEqual({ done: true, value: undefined })
  expect(await chunks.next()).toEqual({ done: true, value: undefined })
  expect(asked).toEqual(['leave'])
})

test('an abort ends it at once, with its reason', async () => {
  const controller = new AbortController()
  const { push, chunks, asked } = start(controller.signal)
  push(bytes(1))
  controller.abort(new Error('The client left.'))
  expect(await failureOf(chunks.next())).toBe(controller.signal.reason)
  expect(asked).toEqual(['leave'])
  const late = start(controller.signal)
  expect(await failureOf(late.chunks.next())).toBe(controller.signal.reason)
  expect(late.asked).toEqual(['leave'])
})

test('an abort counts before what came and was not read yet', async () => {
  const controller = new AbortController()
  const { push, chunks } = start(controller.signal)
  const next = failureOf(chunks.next())
  push(bytes(1))
  controller.abort(new Error('The client left.'))
  expect(await next).toBe(controller.signal.reason)
})

test('an abort after the end takes nothing back', async () => {
  const controller = new AbortController()
  const { push, end, chunks, asked } = start(controller.signal)
  push(bytes(1))
  end()
  controller.abort()
  expect((await chunks.next()).value).toHaveLength(1)
  expect(asked).toEqual([])
})

test('of a stream it gives the bytes, its failure as that of the API, and destroys it', async () => {
  const stream = new PassThrough()
  const chunks = bytesOf(stream, open())[Symbol.asyncIterator]()
  stream.write('one')
  expect(String((await chunks.next()).value)).toBe('one')
  const next = failureOf(chunks.next())
  stream.destroy(Object.assign(new Error('It broke.'), { code: 'EPIPE' }))
  expect(await next).toMatchObject({ failure: { end: 'reset', why: 'EPIPE' } })

  const left = new PassThrough()
  await bytesOf(left, open())[Symbol.asyncIterator]().return?.()
  expect(left.destroyed).toBe(true)
})
