/** Who is gone, and who is only behind; connection.test.ts has the same with real sockets. */
import { expect, test } from 'vitest'
import { createHeartbeat } from '../../../server/serve/ws/heartbeat.ts'
import { manualClock } from '../../kit/tools.ts'

/** One client, and how often it was asked and given up. */
function watched() {
  const clock = manualClock()
  const outflow = { bytesWritten: 0, writableLength: 0 }
  const told = { asked: 0, gone: 0 }
  const heartbeat = createHeartbeat(clock)
  const watch = heartbeat.watch({ outflow, ask: () => told.asked++, giveUp: () => told.gone++ })
  const beats = (count: number) => clock.advance(count * 30_000)
  return { clock, heartbeat, watch, outflow, told, beats }
}

test('one that says nothing is gone when it is to be asked again', async () => {
  const { told, beats } = watched()
  await beats(1)
  expect(told).toEqual({ asked: 1, gone: 0 })
  await beats(1)
  expect(told).toEqual({ asked: 1, gone: 1 })
})

test('one that is heard of stays', async () => {
  const { told, watch, beats } = watched()
  for (let beat = 0; beat < 5; beat++) {
    await beats(1)
    watch.heard()
  }
  expect(told).toEqual({ asked: 5, gone: 0 })
})

test('one that is behind stays as long as it takes something now and then', async () => {
  const { told, outflow, watch, beats } = watched()
  Object.assign(outflow, { bytesWritten: 1000, writableLength: 900 })
  watch.sent()
  for (let round = 0; round < 3; round++) {
    await beats(9)
    outflow.writableLength -= 100
  }
  expect(told).toEqual({ asked: 27, gone: 0 })
  await beats(12)
  expect(told.gone).toBeGreaterThan(0)
})

test('what it says does not make one that is behind an idle one', async () => {
  const { told, outflow, watch, beats } = watched()
  outflow.writableLength = 900
  watch.heard()
  await beats(5)
  expect(told.gone).toBe(0)
})

test('nobody is asked who has left, and those who come later are', async () => {
  const { told, heartbeat, watch, beats } = watched()
  watch.stop()
  await beats(3)
  expect(told).toEqual({ asked: 0, gone: 0 })
  let asked = 0
  heartbeat.watch({ outflow: { bytesWritten: 0, writableLength: 0 }, ask: () => asked++, giveUp() {} })
  await beats(1)
  expect(asked).toBe(1)
})
