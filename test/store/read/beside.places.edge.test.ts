/** Large bodies and large fixtures, in every place: whole for whoever reads them, whoever writes. */
import { expect, test } from 'vitest'
import { any } from '../../../server/api/any.ts'
import { bodyHash } from '../../../server/fixture/file.ts'
import type { Fixture } from '../../../server/fixture/fixture.ts'
import type { AnswerRecord } from '../../../server/api/record.ts'
import type { Store } from '../../../server/store/store.ts'
import { readFiles, verify } from '../../../server/upkeep/verify.ts'
import { pickAll } from '../../../server/store/pick.ts'
import { createRedactor } from '../../../server/redact/redactor.ts'
import { callOf } from '../../kit/calls.ts'
import { inMemory } from '../engine.ts'
import { answerOf, fixtureFor } from '../kit.ts'
import { machineOn, objectsIn, onPlaces, storeOver } from '../places.ts'

const SOUND = { status: 200, headers: [['content-type', 'audio/mpeg']], framing: 'text' } as const

/** Some 1.8 MB in pieces. */
const soundOf = (seed: number): AnswerRecord[] =>
  Array.from({ length: 30 }, (_, piece) => ({
    at: piece,
    wire: Uint8Array.from({ length: 60_000 }, (_byte, index) => (index * seed + piece) % 256),
  }))

const SPEAK = callOf({ input: 'Speak' }, { api: any, path: '/v1/speak' })

const fixtureOf = (store: Store, seed: number): Promise<Fixture> =>
  fixtureFor(store, SPEAK, soundOf(seed), { response: SOUND })

async function played(store: Store, fixture: Fixture): Promise<string> {
  const playback = await store.playback(fixture)
  const records = []
  for await (const { items } of playback?.parts() ?? []) records.push(...items)
  return bodyHash(records)
}

const fixturesIn = async (place: string) => (await objectsIn(place)).filter((name) => !name.startsWith('.index/'))

onPlaces('a large body', (fresh) => {
  test('stands beside its fixture: read, replaced and taken away whole', async () => {
    const place = await fresh()
    const [one, other] = [machineOn(place), machineOn(place)]
    for (const seed of [3, 5, 3]) {
      const fixture = await fixtureOf(one, seed)
      expect(await one.save(fixture)).toMatchObject({ outcome: 'saved' })
      for (const store of [one, other]) expect(await played(store, fixture)).toBe(bodyHash(fixture.records))
      expect(await other.save(fixture)).toMatchObject({ outcome: 'unchanged' })
      expect((await other.find(fixture))?.records).toHaveLength(30)
    }
    const problems = []
    const beside = await other.listBeside()
    const files = readFiles(await pickAll(other, []))
    for await (const found of verify(files, { redactor: createRedactor(), whole: true, beside }))
      problems.push(...found)
    expect(problems).toEqual([])
    const small = await fixtureFor(one, SPEAK, soundOf(3).slice(0, 1), { response: SOUND })
    expect(await one.save(small)).toMatchObject({ outcome: 'saved' })
    expect(await played(other, small)).toBe(bodyHash(small.records))
    const [name = ''] = await one.list()
    expect(await other.remove(name, await other.stamp(name))).toBe(true)
    expect(await fixturesIn(place)).toEqual([])
  })

  test('is whole where several write at one time', async () => {
    const place = await fresh()
    const stores = [machineOn(place), machineOn(place), machineOn(place)]
    for (const round of [0, 1]) {
      const fixtures = await Promise.all(stores.map((store, index) => fixtureOf(store, 3 + 2 * (index + 3 * round))))
      await Promise.all(stores.map((store, index) => store.save(fixtures[index] ?? expect.fail('There is one.'))))
      const [fixture] = fixtures
      if (!fixture) throw new Error('There is one.')
      const hashes = fixtures.map(({ records }) => bodyHash(records))
      const hash = await played(machineOn(place), fixture)
      expect(hashes).toContain(hash)
      for (const store of stores) expect(await played(store, fixture)).toBe(hash)
    }
    expect(await stores[0]?.list()).toHaveLength(1)
  })

  test('is there again where its fixture is taken away as it is written', async () => {
    const place = await fresh()
    const [other, fixture] = [machineOn(place), await fixtureOf(machineOn(place), 3)]
    const { name } = await other.save(fixture)
    const next = await fixtureOf(other, 5)
    let isBetween = false
    const one = machineOn(place, (driver) => ({
      ...driver,
      async put(to, bytes) {
        if (to === name && !isBetween) {
          isBetween = true
          await other.remove(name, await other.stamp(name))
        }
        return driver.put(to, bytes)
      },
    }))
    expect(await one.save(next)).toMatchObject({ outcome: 'saved' })
    expect(isBetween).toBe(true)
    expect(await played(machineOn(place), next)).toBe(bodyHash(next.records))
  })

  test.each([5, 3])(
    'of seed %i is whole where it is written as soon as the one before it is taken away',
    async (seed) => {
      const place = await fresh()
      const [other, fixture] = [machineOn(place), await fixtureOf(machineOn(place), 3)]
      const { name } = await other.save(fixture)
      const next = await fixtureOf(other, seed)
      let isBetween = false
      const one = machineOn(place, (driver) => ({
        ...driver,
        async remove(which, version) {
          const isGone = await driver.remove(which, version)
          if (which === name && !isBetween) {
            isBetween = true
            await other.save(next)
          }
          return isGone
        },
      }))
      expect(await one.remove(name, await one.stamp(name))).toBe(true)
      expect(isBetween).toBe(true)
      expect(await played(machineOn(place), next)).toBe(bodyHash(next.records))
    },
  )
})

test('who reads a fixture as it is written anew reads the new one, though what stood beside the old one is gone', async () => {
  const inner = inMemory()
  const other = storeOver(inner)
  const [fixture, next] = [await fixtureOf(other, 3), await fixtureOf(other, 5)]
  await other.save(fixture)
  let isBetween = false
  const one = storeOver({
    ...inner,
    async get(name, options) {
      if (name.endsWith('.bin') && !isBetween) {
        isBetween = true
        await other.save(next)
      }
      return inner.get(name, options)
    },
  })
  expect(await played(one, fixture)).toBe(bodyHash(next.records))
})

onPlaces('a fixture that is larger than what is kept in memory', (fresh) => {
  test('is played in pieces, and what is written meanwhile is told', async () => {
    const place = await fresh()
    const [one, other] = [machineOn(place), machineOn(place)]
    const fixture = await fixtureFor(one, { model: 'm', input: 'Say much' }, answerOf('long', 'word '.repeat(40_000)))
    await one.save(fixture)
    const playback = await other.playback(fixture)
    const parts = playback?.parts() ?? []
    expect(Array.isArray(parts)).toBe(false)
    expect(await played(other, fixture)).toBe(bodyHash(fixture.records))
    const playing = (async () => {
      let count = 0
      for await (const { items } of parts) {
        if (count === 0) await one.save({ ...fixture, records: answerOf('other', 'another one') })
        count += items.length
      }
      return count
    })()
    const end = await playing.catch((error: unknown) => error)
    if (typeof end === 'number') expect(end).toBe(fixture.records.length)
    else expect(end).toMatchObject({ code: 'fixture_invalid', message: expect.stringMatching(/written anew/) })
  })
})
