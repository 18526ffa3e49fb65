/** What is said where an application fakes the timers that the libraries of engines wait for. */
import { afterEach, test, vi } from 'vitest'
import { createConnection } from '../../../server/store/drivers/connection.ts'
import { manualClock } from '../../kit/tools.ts'
import { expectTold } from './kit.ts'

afterEach(() => void vi.useRealTimers())

test('an engine that did not answer may have been asked by faked timers', async () => {
  const clock = manualClock()
  const options = { place: 'test://engine', clock, timeoutMs: 1000 }
  const { run } = createConnection(async () => ({ ready: Promise.resolve(1), close: () => {} }), options)
  vi.useFakeTimers({ toFake: ['setTimeout'] })
  const late = expectTold(
    run(() => new Promise(() => {})),
    'store_away',
    /Timers are faked.*toNotFake/,
  )
  await clock.advance(1000)
  await late
})
