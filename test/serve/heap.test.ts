/** When memory is given back. That V8 does give it back is the soak's to measure. */
import { expect, test } from 'vitest'
import { ownMemory, tidyWhenQuiet, type Memory } from '../../server/serve/heap.ts'
import { manualClock } from '../kit/tools.ts'

const MB = 2 ** 20

/** A process that holds and does what the test says, of whose memory `used` is in use. */
function watched() {
  const clock = manualClock()
  const state = { held: 100 * MB, used: 100 * MB, busy: 0, collected: 0 }
  const memory: Memory = {
    held: () => state.held,
    busy: () => state.busy,
    collect() {
      state.collected++
      state.held = state.used
    },
    tidy() {},
  }
  tidyWhenQuiet(memory, clock)
  return { clock, state }
}

test('what a crowd has cost is given back once it is quiet, each time', async () => {
  const { clock, state } = watched()
  Object.assign(state, { held: 150 * MB, busy: 0.9 })
  await clock.advance(5000)
  expect(state.collected).toBe(0)

  state.busy = 0.01
  await clock.advance(2000)
  expect(state).toMatchObject({ collected: 1, held: 100 * MB })

  state.held = 130 * MB
  await clock.advance(2000)
  expect(state).toMatchObject({ collected: 2, held: 100 * MB })
})

test('a little is not worth a pause', async () => {
  const { clock, state } = watched()
  state.held = 115 * MB
  await clock.advance(5000)
  expect(state.collected).toBe(0)
})

test('what has been given back without it counts no more', async () => {
  const { clock, state } = watched()
  Object.assign(state, { held: 400 * MB, used: 400 * MB })
  await clock.advance(2000)
  Object.assign(state, { held: 100 * MB, used: 100 * MB })
  await clock.advance(2000)
  state.held = 300 * MB
  await clock.advance(2000)
  expect(state).toMatchObject({ collected: 2, held: 100 * MB })
})

test('what is still in use costs one pause, not one after another', async () => {
  const { clock, state } = watched()
  Object.assign(state, { held: 150 * MB, used: 149 * MB })
  await clock.advance(5000)
  expect(state.collected).toBe(1)
})

test('this process: how busy it is, and a collection of what nobody holds any more', () => {
  const memory = ownMemory()
  const busy = memory.busy()
  expect(busy).toBeGreaterThanOrEqual(0)
  expect(busy).toBeLessThanOrEqual(1)
  expect(memory.held()).toBeGreaterThan(10 * MB)

  const { arrayBuffers } = process.memoryUsage()
  const waste = () => void Buffer.alloc(64 * MB).fill(1)
  waste()
  memory.collect()
  expect(process.memoryUsage().arrayBuffers).toBeLessThan(arrayBuffers + 32 * MB)
})
