/** The connection that all operations of a driver share. */
import { expect, test } from 'vitest'
import { createConnection } from '../../../server/store/drivers/connection.ts'
import { manualClock, settle } from '../../kit/tools.ts'
import { expectTold } from './kit.ts'

/** A connection to nothing: what was opened and closed, in order. */
function connectionTo(become: (link: number) => Promise<number> = async (link) => link) {
  const events: string[] = []
  const lose: (() => void)[] = []
  const clock = manualClock()
  const connection = createConnection<number>(
    async (lost) => {
      const link = lose.push(lost)
      events.push(`open ${link}`)
      return { ready: become(link), close: () => void events.push(`close ${link}`) }
    },
    { place: 'test://engine', clock, timeoutMs: 1000 },
  )
  return { connection, events, clock, lose: (link: number) => lose[link - 1]?.() }
}

const never = () => new Promise<never>(() => {})

test('is made by the first operation, and shared', async () => {
  const { connection, events } = connectionTo()
  expect(events).toEqual([])
  expect(await Promise.all([connection.run(async (link) => link), connection.run(async (link) => link)])).toEqual([
    1, 1,
  ])
  expect(events).toEqual(['open 1'])
})

test('is given up where an answer is late; those under way end on it, and then it is closed', async () => {
  const { connection, events, clock } = connectionTo()
  const late = expectTold(connection.run(never), 'store_away', /test:\/\/engine did not answer within 1000 ms/)
  await clock.advance(600)
  const { promise, resolve } = Promise.withResolvers<string>()
  const other = connection.run(() => promise)
  await clock.advance(400)
  await late
  expect(await connection.run(async (link) => link)).toBe(2)
  expect(events).toEqual(['open 1', 'open 2'])
  resolve('done')
  expect(await other).toBe('done')
  await settle()
  expect(events).toEqual(['open 1', 'open 2', 'close 1'])
})

test('who sends many bytes has more time', async () => {
  const { connection, clock } = connectionTo()
  const sent = expectTold(connection.run(never, 100_000), 'store_away', /within 2000 ms/)
  const short = expectTold(connection.run(never), 'store_away', /within 1000 ms/)
  await clock.advance(1000)
  await short
  await clock.advance(1000)
  await sent
})

test('one that was lost, or could not be made, is made anew by the next operation, and not before', async () => {
  const { connection, events, lose } = connectionTo((link) =>
    link === 2 ? Promise.reject(new Error('away')) : Promise.resolve(link),
  )
  expect(await connection.run(async (link) => link)).toBe(1)
  lose(1)
  await settle()
  expect(events).toEqual(['open 1', 'close 1'])
  await expect(connection.run(async (link) => link)).rejects.toThrow('away')
  expect(await connection.run(async (link) => link)).toBe(3)
  expect(events).toEqual(['open 1', 'close 1', 'open 2', 'close 2', 'open 3'])
})

test('one that never becomes ready is closed all the same', async () => {
  const { connection, events, clock } = connectionTo(never)
  const late = expectTold(
    connection.run(async (link) => link),
    'store_away',
    /did not answer/,
  )
  await clock.advance(1000)
  await late
  await settle()
  expect(events).toEqual(['open 1', 'close 1'])
})

test('once it is closed nothing is asked any more', async () => {
  const { connection, events } = connectionTo()
  await connection.run(async (link) => link)
  connection.close()
  await expectTold(
    connection.run(async (link) => link),
    'store_away',
    /was closed/,
  )
  expect(events).toEqual(['open 1', 'close 1'])
})

test('what is under way when it is closed is waited for no longer', async () => {
  const { connection, events } = connectionTo()
  const ended = expectTold(connection.run(never), 'store_away', /was closed/)
  await settle()
  connection.close()
  await ended
  expect(events).toEqual(['open 1', 'close 1'])
})
