import { describe, expect, test } from 'vitest'
import { settle } from '../../kit/tools.ts'
import { HIGH_WATER_BYTES, createInbox, createIntake } from '../../../server/serve/ws/inbox.ts'

/** An inbox, and the turns of an event loop that the test gives it. */
function setUp() {
  let soon: (() => void)[] = []
  const told: boolean[] = []
  const done: number[] = []
  const inbox = createInbox({ soon: (act) => void soon.push(act) }, (waits) => told.push(waits))
  const turn = () => {
    const due = soon
    soon = []
    for (const act of due) act()
  }
  const add = (...numbers: readonly number[]) => {
    for (const number of numbers) inbox.add(() => done.push(number))
  }
  return { inbox, add, turn, told, done, isIdle: () => soon.length === 0 }
}

test('one thing alone is handled at once, and nothing ever waits', () => {
  const { add, turn, told, done, isIdle } = setUp()
  add(1)
  expect(done).toEqual([1])
  turn()
  expect(isIdle()).toBe(true)
  add(2)
  expect(done).toEqual([1, 2])
  expect(told).toEqual([])
})

test('of many, one is handled a turn of the event loop, in order', () => {
  const { add, turn, told, done, isIdle } = setUp()
  add(1, 2, 3)
  expect([done, told]).toEqual([[1], [true]])
  turn()
  add(4)
  expect([done, told]).toEqual([[1, 2], [true]])
  turn()
  expect([done, told]).toEqual([[1, 2, 3], [true]])
  turn()
  expect([done, told]).toEqual([
    [1, 2, 3, 4],
    [true, false],
  ])
  turn()
  expect(isIdle()).toBe(true)
})

test('what is added while something is handled waits for the next turn', () => {
  const { inbox, turn, done } = setUp()
  inbox.add(() => {
    done.push(1)
    inbox.add(() => done.push(2))
  })
  expect(done).toEqual([1])
  turn()
  expect(done).toEqual([1, 2])
})

test('what was dropped is not handled', () => {
  const { inbox, add, turn, done } = setUp()
  add(1, 2, 3)
  inbox.clear()
  turn()
  turn()
  expect(done).toEqual([1])
})

describe('an intake', () => {
  /** An intake of a connection that notes when it is read and when not. */
  function setUpIntake() {
    let soon: (() => void)[] = []
    const told: string[] = []
    let waiting = 0
    let drained = Promise.withResolvers<void>()
    const intake = createIntake(
      {
        pause: () => told.push('pause'),
        resume: () => told.push('resume'),
        waitingBytes: () => waiting,
        drained: () => drained.promise,
      },
      { soon: (act) => void soon.push(act) },
    )
    const turn = () => {
      const due = soon
      soon = []
      for (const act of due) act()
    }
    const drain = async () => {
      waiting = 0
      drained.resolve()
      drained = Promise.withResolvers()
      await settle()
    }
    return { intake, told, turn, drain, fall: (bytes: number) => void (waiting = bytes) }
  }

  test('reads nothing while something waits in it', () => {
    const { intake, told, turn } = setUpIntake()
    for (let index = 0; index < 3; index++) intake.add(() => {})
    expect(told).toEqual(['pause'])
    turn()
    expect(told).toEqual(['pause'])
    turn()
    expect(told).toEqual(['pause', 'resume'])
  })

  test('reads nothing while the client does not read, and handles what came before', async () => {
    const { intake, told, turn, drain, fall } = setUpIntake()
    const done: number[] = []
    fall(HIGH_WATER_BYTES + 1)
    intake.add(() => done.push(1))
    intake.add(() => done.push(2))
    turn()
    turn()
    expect(done).toEqual([1, 2])
    expect(new Set(told)).toEqual(new Set(['pause']))
    await drain()
    expect(told.at(-1)).toBe('resume')
    fall(HIGH_WATER_BYTES)
    intake.add(() => {})
    expect(told.at(-1)).toBe('resume')
  })
})
