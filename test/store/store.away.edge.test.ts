/** An engine that goes away at any moment: what was there stays, and what is said of it is true. */
import { expect, test } from 'vitest'
import type { Driver } from '../../server/store/driver.ts'
import { bodyHash } from '../../server/fixture/file.ts'
import { type Fixture, isGood } from '../../server/fixture/fixture.ts'
import type { Store } from '../../server/store/store.ts'
import { any } from '../../server/api/any.ts'
import { compose } from '../kit/answers.ts'
import { callOf, toRecords } from '../kit/calls.ts'
import { away, inMemory, unreliable } from './engine.ts'
import { HI, answerOf, fixtureFor } from './kit.ts'
import { storeOver } from './places.ts'

/** A driver that goes away with its n-th operation. */
function goingAway(inner: Driver, operations: number): { driver: Driver; isAway: () => boolean } {
  let left = operations
  const ask = async <T>(work: () => T | Promise<T>): Promise<T> => {
    if (left-- <= 0) throw away()
    return work()
  }
  const driver: Driver = {
    ...inner,
    get: (name, options) => ask(() => inner.get(name, options)),
    put: (name, bytes) => ask(() => inner.put(name, bytes)),
    putIf: (name, bytes, expected) => ask(() => inner.putIf(name, bytes, expected)),
    remove: (name, version) => ask(() => inner.remove(name, version)),
    async *list(prefix, after) {
      await ask(() => {})
      yield* inner.list(prefix, after)
    },
  }
  return { driver, isAway: () => left < 0 }
}

const large = { response: { status: 200, headers: [['content-type', 'audio/mpeg']], framing: 'text' } } as const

const soundOf = (fill: number) => [{ at: 1, wire: new Uint8Array(1_000_000).fill(fill) }]

const speak = (store: Store, fill: number) =>
  fixtureFor(store, callOf({ input: 'Speak' }, { api: any, path: '/v1/speak' }), soundOf(fill), large)

const CASES: readonly (readonly [string, (store: Store, which: 0 | 1) => ReturnType<typeof fixtureFor>])[] = [
  ['a good answer over another', (store, which) => fixtureFor(store, HI, answerOf(`good${which}`))],
  [
    'a good answer over a failure',
    (store, which) =>
      fixtureFor(store, HI, which === 0 ? toRecords(compose('bad').failed('server_error', 'x')) : answerOf('good')),
  ],
  ['a large body over another', (store, which) => speak(store, which)],
]

const hashOf = (fixture: Pick<Fixture, 'records'> | undefined) => bodyHash(fixture?.records ?? [])

test.each(CASES)(
  'a save that it leaves in the middle keeps the old fixture or the new one: %s',
  async (_name, make) => {
    let ends = 0
    for (let operations = 0; ; operations++) {
      const inner = inMemory()
      const whole = storeOver(inner)
      const [before, next] = [await make(whole, 0), await make(whole, 1)]
      await whole.save(before)
      const { driver, isAway } = goingAway(inner, operations)
      const saved = await storeOver(driver)
        .save(next)
        .catch((error: unknown) => error)
      const now = await storeOver(inner).find(next)
      expect([before, next].map(hashOf)).toContain(hashOf(now))
      // What is only tidied up afterwards is no part of it.
      if (isAway() && hashOf(now) !== hashOf(next)) expect(saved).toMatchObject({ code: 'store_away' })
      if (!isAway()) {
        expect(saved).toMatchObject({ outcome: 'saved' })
        expect(hashOf(now)).toBe(hashOf(next))
        break
      }
      ends++
      // Whoever comes again has it.
      expect(await storeOver(inner).save(next)).toMatchObject({ name: now?.name })
      const again = await storeOver(inner).find(next)
      expect(hashOf(again)).toBe(hashOf(next))
      expect(again && isGood(again)).toBe(true)
    }
    expect(ends).toBeGreaterThan(3)
  },
)

test('nothing that is asked of it is taken for what is not there', async () => {
  const engine = unreliable(inMemory())
  const store = storeOver(engine)
  const fixture = await fixtureFor(store, HI)
  const { name } = await store.save(fixture)
  const stamp = await store.stamp(name)
  engine.trouble = away()
  const asks: readonly (() => Promise<unknown>)[] = [
    () => store.check({ write: false }),
    () => store.find(fixture),
    async () => store.playback(fixture),
    async () => store.playback(fixture, 2),
    () => store.nameOf(fixture),
    () => store.nameWith(fixture.key),
    () => store.identify(callOf({ model: 'm', input: 'And then?', previous_response_id: 'resp_one' })),
    () => store.miss(fixture),
    () => store.list(),
    () => store.listBeside(),
    () => store.read(name),
    () => store.text(name),
    () => store.state(name),
    () => store.stamp(name),
    () => store.survey(),
    () => store.models(),
    () => store.save(fixture),
    () => store.save({ ...fixture, records: toRecords(compose('bad').failed('server_error', 'x')) }),
    () => store.replace(name, fixture, stamp),
    () => store.remove(name, stamp),
  ]
  for (const each of asks) await expect(each()).rejects.toMatchObject({ code: 'store_away' })
  engine.trouble = undefined
  expect(await store.save(fixture)).toMatchObject({ outcome: 'unchanged' })
})
