/** The rules of fixtures in every place: what one machine writes, others see; and nothing good is lost. */
import { expect, test } from 'vitest'
import { formatFixture } from '../../server/fixture/file.ts'
import { isGood } from '../../server/fixture/fixture.ts'
import { fileName } from '../../server/fixture/key.ts'
import { nameOfTake } from '../../server/fixture/take.ts'
import type { Store } from '../../server/store/store.ts'
import { compose, words } from '../kit/answers.ts'
import { callOf, toRecords } from '../kit/calls.ts'
import { inMemory } from './engine.ts'
import { HI, answerOf, fixtureFor } from './kit.ts'
import { driverOn, machineOn, objectsIn, onPlaces, storeOver } from './places.ts'

const failure = (seed: string, why = 'x') => toRecords(compose(seed).failed('server_error', why))

const machines = (place: string, count = 2): Store[] => Array.from({ length: count }, () => machineOn(place))

async function pair(place: string): Promise<[Store, Store]> {
  return [machineOn(place), machineOn(place)]
}

onPlaces('what one machine saves', (fresh, engine) => {
  test('is seen by another at once: found, named, listed, read, played', async () => {
    const [one, other] = await pair(await fresh())
    const fixture = await fixtureFor(one, HI)
    expect(await other.find(fixture)).toBeUndefined()
    expect(await other.playback(fixture)).toBeUndefined()
    expect(await one.save(fixture)).toEqual({ outcome: 'saved', name: fileName(fixture) })
    const name = fileName(fixture)
    expect((await other.find(fixture))?.records).toEqual(fixture.records)
    expect(await other.playback(fixture)).toMatchObject({ name, isGood: true })
    expect([await other.list(), await other.nameOf(fixture), await other.nameWith(fixture.key)]).toEqual([
      [name],
      name,
      name,
    ])
    expect((await other.read(name)).records).toEqual(fixture.records)
    expect(await other.text(name)).toBe(await one.text(name))
    const next = { ...fixture, records: answerOf('two') }
    expect(await other.save(next)).toMatchObject({ outcome: 'saved', name, replaced: { name } })
    expect((await one.find(fixture))?.records).toEqual(next.records)
    expect(await one.playback(fixture)).toMatchObject({ name })
    expect((await one.stamp(name)) === (await other.stamp(name))).toBe(true)
  })

  test('is unchanged where another saves the same, whatever the times', async () => {
    const place = await fresh()
    const [one, other] = await pair(place)
    const fixture = await fixtureFor(one, HI)
    await one.save(fixture)
    const stamp = await one.stamp(fileName(fixture))
    const later = { ...fixture, records: fixture.records.map((record) => ({ ...record, at: record.at + 5 })) }
    expect(await other.save(later)).toEqual({ outcome: 'unchanged', name: fileName(fixture) })
    expect(await one.stamp(fileName(fixture))).toBe(stamp)
  })

  test('has a name of any script', async () => {
    const place = await fresh()
    const [one, other] = await pair(place)
    for (const input of ['Привет, мир! Как дела сегодня?', 'こんにちは世界', 'Ça va, l’été ?', 'مرحبا', '👋🌍', ' ']) {
      const fixture = await fixtureFor(one, { model: input.trim() || 'm', input }, answerOf('x'))
      const { name } = await one.save(fixture)
      expect(name).toBe(fileName(fixture))
      expect((await other.find(fixture))?.name).toBe(name)
      expect((await other.read(name)).request).toMatchObject({ input })
    }
    expect(await other.list()).toHaveLength(6)
    expect(await other.models()).toHaveLength(6)
  })

  test('tells its models; one with a name that is no name of an object is saved all the same', async () => {
    const [one, other] = await pair(await fresh())
    const all = ['gpt-4.1-mini', 'a/b c%2F', '語', '..']
    for (const model of [...all, '語'.repeat(200)])
      expect(await one.save(await fixtureFor(one, { model, input: 'Say hi' }))).toMatchObject({ outcome: 'saved' })
    expect((await other.models()).filter((model) => model.length < 200)).toEqual(all.toSorted())
  })

  test('is told as damaged by name and line where somebody harmed it, and never missed', async () => {
    const place = await fresh()
    const [one, other] = await pair(place)
    const fixture = await fixtureFor(one, HI)
    const { name } = await one.save(fixture)
    const driver = driverOn(place)
    const text = await one.text(name)
    for (const [harmed, line] of [
      [text.slice(0, text.indexOf('\n', text.length / 2) + 1), String.raw`\d+`],
      [text.replace('"type":"response.output_text.delta"', '"type":'), String.raw`\d+`],
      ['', '1'],
      ['{}\n', '1'],
    ] as const) {
      await driver.put(name, Buffer.from(harmed))
      const told = { code: 'fixture_invalid', message: expect.stringMatching(new RegExp(`^${name}:${line}:`)) }
      for (const store of [one, other, machineOn(place)]) {
        await expect(store.playback(fixture)).rejects.toMatchObject(told)
        await expect(store.find(fixture)).rejects.toMatchObject(told)
      }
    }
    expect(await other.save(fixture)).toMatchObject({ outcome: 'saved' })
    expect((await one.find(fixture))?.records).toEqual(fixture.records)
  })

  test('is the nearest of a call without a fixture', async () => {
    const [one, other] = await pair(await fresh())
    const asked = callOf({ model: 'm', input: 'Say hi to all' })
    expect((await other.miss(await other.identify(asked))).message).toContain('There are no fixtures')
    for (const input of ['Say hi to Ada', 'Count to ten']) await one.save(await fixtureFor(one, { model: 'm', input }))
    const { message } = await other.miss(await other.identify(asked))
    expect(message).toMatch(/nearest is say-hi-to-ada-[0-9a-f]{12}\.jsonl, which differs in input/)
    const model = await other.miss(await other.identify(callOf({ model: 'other', input: 'Count to ten' })))
    expect(model.message).toMatch(/nearest is count-to-ten-[0-9a-f]{12}\.jsonl, which differs in model/)
  })

  test('is taken away, and put in the place of another, only as it was seen', async () => {
    const place = await fresh()
    const [one, other] = await pair(place)
    const fixture = await fixtureFor(one, HI)
    const { name } = await one.save(fixture)
    const seen = await other.stamp(name)
    await one.save({ ...fixture, records: answerOf('two') })
    expect(await other.remove(name, seen)).toBe(false)
    expect(await other.replace(name, { ...fixture, records: answerOf('three') }, seen)).toBe(false)
    expect((await one.find(fixture))?.responseId).toBeDefined()
    const renamed = await fixtureFor(one, { model: 'm', input: 'Another' }, answerOf('four'))
    expect(await other.replace(name, renamed, await other.stamp(name))).toBe(true)
    expect(await one.list()).toEqual([fileName(renamed)])
    expect(await one.find(fixture)).toBeUndefined()
    expect(await one.remove(fileName(renamed), await one.stamp(fileName(renamed)))).toBe(true)
    expect(await one.remove(fileName(renamed), await one.stamp(fileName(renamed)))).toBe(false)
    expect(await other.playback(renamed)).toBeUndefined()
    // The names of models are those of others, too.
    expect((await objectsIn(place)).filter((object) => !object.startsWith('.index/model/'))).toEqual([])
    expect(engine === 'directory' ? [] : await other.list()).toEqual([])
  })
})

onPlaces('several who write one call', (fresh) => {
  test('leave one whole fixture, of two recorders', async () => {
    const place = await fresh()
    const stores = machines(place, 4)
    const [first] = stores
    if (!first) throw new Error('There is a machine.')
    const fixture = await fixtureFor(first, HI)
    for (let round = 0; round < 5; round++) {
      const answers = stores.map((_store, index) => answerOf(`r${round}m${index}`, `answer ${index} `.repeat(200)))
      const outcomes = await Promise.all(
        stores.map((store, index) => store.save({ ...fixture, records: answers[index] ?? [] })),
      )
      expect(outcomes.map(({ outcome }) => outcome)).toEqual(stores.map(() => 'saved'))
      const found = await machineOn(place).find(fixture)
      expect(answers).toContainEqual(found?.records)
      for (const store of stores) expect((await store.find(fixture))?.records).toEqual(found?.records)
    }
    expect(await first.list()).toEqual([fileName(fixture)])
  })

  test('lose no good answer to a failure, whoever writes first', async () => {
    const place = await fresh()
    const stores = machines(place, 3)
    const [first] = stores
    if (!first) throw new Error('There is a machine.')
    for (let round = 0; round < 12; round++) {
      const good = await fixtureFor(first, { model: 'm', input: `question ${round}` }, answerOf(`good${round}`))
      const saves = [...stores, ...stores, ...stores].map((store, index) =>
        index === round % 9 ? store.save(good) : store.save({ ...good, records: failure(`bad${index}`) }),
      )
      const outcomes = (await Promise.all(saves)).map(({ outcome }) => outcome)
      expect(outcomes[round % 9]).toBe('saved')
      expect((await machineOn(place).find(good))?.records).toEqual(good.records)
    }
    for (const name of await first.list()) expect(isGood(await first.read(name))).toBe(true)
  })

  test('a failure stands in the place of another, and a good answer in that of both', async () => {
    const [one, other] = await pair(await fresh())
    const bad = await fixtureFor(one, HI, failure('a'))
    expect(await one.save(bad)).toMatchObject({ outcome: 'saved' })
    expect(await other.save(bad)).toMatchObject({ outcome: 'unchanged' })
    const worse = { ...bad, records: failure('b', 'something else') }
    expect(await other.save(worse)).toMatchObject({ outcome: 'saved', replaced: { records: bad.records } })
    const good = { ...bad, records: answerOf('good') }
    expect(await one.save(good)).toMatchObject({ outcome: 'saved' })
    expect(await other.save(worse)).toEqual({ outcome: 'kept', name: fileName(good) })
    expect((await other.find(good))?.records).toEqual(good.records)
  })
})

onPlaces('takes of one call', (fresh) => {
  const takeOf = (store: Store, take: number, text = `take ${take}`) =>
    fixtureFor(store, HI, toRecords(compose(`t${take}`).text(words(text)).completed()), take > 1 ? { take } : {})

  test('come in their order, and then the last again; one that another machine adds is found', async () => {
    const place = await fresh()
    const [one, other] = await pair(place)
    for (const take of [1, 2, 3]) await one.save(await takeOf(one, take))
    const asked = await takeOf(one, 1)
    const first = fileName(asked)
    const namesOf = async (store: Store) => {
      const names: (string | undefined)[] = []
      for (const nth of [1, 2, 3, 4, 5]) names.push((await store.playback(asked, nth))?.name)
      return names
    }
    const all = [1, 2, 3, 4].map((take) => nameOfTake(first, take))
    const [, , third, fourth] = all
    expect(await namesOf(other)).toEqual([...all.slice(0, 3), third, third])
    expect((await other.find(asked, 2))?.name).toBe(all[1])
    await one.save(await takeOf(one, 4))
    expect(await namesOf(machineOn(place))).toEqual([...all, fourth])
    await expect.poll(() => namesOf(other)).toEqual([...all, fourth])
    expect(await other.remove(all[3] ?? '', await other.stamp(all[3] ?? ''))).toBe(true)
    expect(await namesOf(one)).toEqual([...all.slice(0, 3), third, third])
  })

  test('stand in the place of the same take alone, failures beside what is good', async () => {
    const [one, other] = await pair(await fresh())
    await one.save(await takeOf(one, 1))
    const bad = { ...(await takeOf(other, 2)), records: failure('bad') }
    expect(await other.save(bad, true)).toMatchObject({ outcome: 'saved' })
    expect(await one.save(await takeOf(one, 2, 'other'))).toMatchObject({ outcome: 'saved' })
    expect((await other.find(bad, 1))?.records).toEqual((await takeOf(one, 1)).records)
    expect((await other.list()).length).toBe(2)
    expect(other.hasTakes(bad.key)).toBe(true)
  })
})

onPlaces('a good answer that another machine saves in the middle of the save of a failure', (fresh, engine) => {
  test.each(engine === 'directory' ? ['', 'chat/'] : [''])('stays%s', async (folder) => {
    const place = await fresh()
    const other = machineOn(place)
    const bad = await fixtureFor(other, HI, failure('a'))
    const good = { ...bad, records: answerOf('good') }
    if (folder !== '') await driverOn(place).put(`${folder}${fileName(bad)}`, Buffer.from(formatFixture(bad)))
    else await other.save(bad)
    let isBetween = false
    const between = async () => {
      if (isBetween) return
      isBetween = true
      await other.save(good)
    }
    const one = machineOn(place, (driver) => ({
      ...driver,
      put: (name, bytes) => between().then(() => driver.put(name, bytes)),
      putIf: (name, bytes, expected) => between().then(() => driver.putIf(name, bytes, expected)),
    }))
    const outcome = await one.save({ ...bad, records: failure('b', 'another') })
    expect(outcome).toEqual({ outcome: 'kept', name: `${folder}${fileName(bad)}` })
    expect((await other.find(bad))?.records).toEqual(good.records)
    expect(await other.list()).toEqual([`${folder}${fileName(bad)}`])
  })
})

test('a good answer that a gateway drops, as a failure is written at that moment, is written again', async () => {
  const inner = inMemory()
  const other = storeOver(inner)
  const bad = await fixtureFor(other, HI, failure('a'))
  const good = { ...bad, records: answerOf('good') }
  let drops = 3
  const store = storeOver({
    ...inner,
    put: async (name, bytes) =>
      drops-- > 0 ? inner.put(name, Buffer.from(formatFixture(bad))).then(() => 'dropped') : inner.put(name, bytes),
  })
  expect(await store.save(good)).toMatchObject({ outcome: 'saved' })
  expect((await other.find(good))?.records).toEqual(good.records)
})
