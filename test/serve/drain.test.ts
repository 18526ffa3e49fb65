import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { createDrain } from '../../server/serve/drain.ts'

const full = () => {
  const stream = new PassThrough({ highWaterMark: 1 })
  stream.write('more than fits')
  return stream
}

test('resolves when what was written has been read, and leaves no listener behind', async () => {
  const stream = full()
  const drained = createDrain(stream)
  const waits = [drained(), drained()]
  expect(stream.listenerCount('drain')).toBe(1)
  stream.resume()
  await Promise.all(waits)
  expect(stream.listenerCount('drain') + stream.listenerCount('close')).toBe(0)
})

test('resolves when the stream goes away, or is gone already', async () => {
  const stream = full()
  const drained = createDrain(stream)
  const waiting = drained()
  stream.destroy()
  await waiting
  await drained()
})
