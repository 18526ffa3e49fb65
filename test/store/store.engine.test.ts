/** The rules of a store where fixtures are on an engine, which is only asked by name. */
import { expect, test } from 'vitest'
import { systemClock } from '../../server/base/clock.ts'
import { fileName } from '../../server/fixture/key.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { openStore } from '../../server/store/store.ts'
import { callOf } from '../kit/calls.ts'
import { inMemory } from './engine.ts'
import { HI, answerOf, fixtureFor } from './kit.ts'

const setUp = () => {
  const driver = inMemory()
  return { driver, store: openStore({ driver, redactor: createRedactor(), clock: systemClock }) }
}

test('a miss names the nearest fixture, and what differs', async () => {
  const { store } = setUp()
  const { name } = await store.save(await fixtureFor(store, HI))
  const { message } = await store.miss(await store.identify(callOf({ ...HI, input: 'Say hi!' })))
  expect(message).toContain(name)
  expect(message).toContain('input')
})

test('what is damaged is told by its name, and is no miss', async () => {
  const { driver, store } = setUp()
  const identity = await store.identify(callOf(HI))
  await driver.put(fileName(identity), Buffer.from('damaged'))
  await expect(store.find(identity)).rejects.toMatchObject({
    code: 'fixture_invalid',
    message: expect.stringContaining(fileName(identity)),
  })
})

test('a failure takes the place of a failure, and never of a good answer', async () => {
  const { store } = setUp()
  const failure = async (end: 'reset' | 'stalled') =>
    fixtureFor(store, HI, answerOf('f').slice(0, 3), { ending: { end } })
  const outcomes = []
  for (const fixture of [await failure('reset'), await failure('stalled'), await fixtureFor(store, HI)])
    outcomes.push((await store.save(fixture)).outcome)
  outcomes.push((await store.save(await failure('reset'))).outcome)
  expect(outcomes).toEqual(['saved', 'saved', 'saved', 'kept'])
})
