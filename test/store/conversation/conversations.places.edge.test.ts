/** Conversations that go on at another machine, in every place. */
import { expect, test } from 'vitest'
import { chatCompletions } from '../../../server/api/chat-completions/index.ts'
import type { JsonObject } from '../../../server/base/json.ts'
import type { Fixture } from '../../../server/fixture/fixture.ts'
import { fileName } from '../../../server/fixture/key.ts'
import { givenBy } from '../../../server/fixture/thread.ts'
import type { Store } from '../../../server/store/store.ts'
import { callOf } from '../../kit/calls.ts'
import { inOnePiece } from '../../kit/fixtures.ts'
import { answerOf, fixtureFor } from '../kit.ts'
import { driverOn, machineOn, objectsIn, onEngines, onPlaces } from '../places.ts'

const ask = (input: string, previous?: string) =>
  callOf({ model: 'm', input, ...(previous === undefined ? {} : { previous_response_id: previous }) })

let seconds = 0
/** Each recording is made a second after the one before. */
const recorded = () => ({ at: new Date(1_795_000_000_000 + 1000 * seconds++).toISOString(), upstream: 'stand-in' })

/** Saves what was answered to an input; the id of the answer is `resp_` and the seed. */
async function save(store: Store, input: string, seed: string, previous?: string): Promise<Fixture> {
  const fixture = await fixtureFor(store, ask(input, previous), answerOf(seed), { recorded: recorded() })
  await store.save(fixture)
  return fixture
}

onPlaces('a conversation', (fresh) => {
  test('goes on at another machine, each turn at the next one, also after a new recording with other ids', async () => {
    const place = await fresh()
    const names: string[] = []
    for (const salt of ['a', 'b']) {
      const one = await save(machineOn(place), 'one', `${salt}1`)
      const two = await save(machineOn(place), 'two', `${salt}2`, `resp_${salt}1`)
      const three = await save(machineOn(place), 'three', `${salt}3`, `resp_${salt}2`)
      expect([two.previousKey, three.previousKey]).toEqual([one.key, two.key])
      names.push(...[one, two, three].map(fileName))
    }
    expect(names.slice(0, 3)).toEqual(names.slice(3))
    const other = machineOn(place)
    expect(await other.list()).toEqual(names.slice(0, 3).toSorted())
    expect((await other.find(await other.identify(ask('three', 'resp_b2'))))?.name).toBe(names[2])
  })

  test('is followed where all answers have the same id: by the continuation that was recorded', async () => {
    const place = await fresh()
    const recording = machineOn(place)
    const [one, two, three] = [
      await save(recording, 'one', 'same'),
      await save(recording, 'two', 'same', 'resp_same'),
      await save(recording, 'three', 'same', 'resp_same'),
    ]
    expect(new Set([one, two, three].map(({ key }) => key)).size).toBe(3)
    const replaying = machineOn(place)
    for (const [input, fixture] of [
      ['two', two],
      ['three', three],
      ['two', two],
    ] as const)
      expect((await replaying.identify(ask(input, 'resp_same'))).key).toBe(fixture.key)
    // What was not recorded continues the last.
    expect((await machineOn(place).identify(ask('four', 'resp_same'))).previousKey).toBe(three.key)
  })

  test('names the fixture whose answer a history carries, whichever machine recorded it', async () => {
    const place = await fresh()
    const chat = (messages: readonly JsonObject[]) =>
      callOf({ model: 'm', messages }, { api: chatCompletions, path: '/v1/chat/completions' })
    const saveChat = async (store: Store, messages: readonly JsonObject[], message: JsonObject) => {
      const identity = await store.identify(chat(messages))
      const { response, records } = inOnePiece({ choices: [{ message, finish_reason: 'stop' }] })
      const knownBy = givenBy(chatCompletions, identity.request, chatCompletions.events(records))
      await store.save({
        ...identity,
        response,
        knownBy,
        recorded: recorded(),
        records,
        ending: { end: 'complete' },
        endedAt: 9,
      })
      await store.linked()
      return machineOn(place).find(identity)
    }
    const hi: JsonObject = { role: 'user', content: 'Weather?' }
    const called: JsonObject = {
      role: 'assistant',
      tool_calls: [{ id: 'call_a1', type: 'function', function: { name: 'weather', arguments: '{}' } }],
    }
    const output: JsonObject = { role: 'tool', tool_call_id: 'call_a1', content: 'rain' }
    const first = await saveChat(machineOn(place), [hi], called)
    const second = await saveChat(machineOn(place), [hi, called, output], { role: 'assistant', content: 'Rain.' })
    expect([first?.follows, second?.follows]).toEqual([undefined, first?.key])
  })
})

onEngines('the index of answers', (fresh) => {
  const entriesIn = async (place: string, kind: string) =>
    (await objectsIn(place)).filter((name) => name.startsWith(`.index/${kind}/`))

  test('has what is there: nothing of what was replaced or removed', async () => {
    const place = await fresh()
    const store = machineOn(place)
    await save(store, 'one', 'a1')
    const two = await save(store, 'two', 'a2', 'resp_a1')
    const before = await entriesIn(place, 'response')
    await save(machineOn(place), 'two', 'b2', 'resp_a1')
    const after = await entriesIn(place, 'response')
    expect([before.length, after.length]).toEqual([2, 2])
    expect(after.filter((entry) => before.includes(entry))).toHaveLength(1)
    expect(await entriesIn(place, 'turn')).toHaveLength(1)
    expect((await machineOn(place).identify(ask('three', 'resp_a2'))).previousKey).toBeUndefined()
    expect((await machineOn(place).identify(ask('three', 'resp_b2'))).previousKey).toBe(two.key)
    expect(await store.remove(fileName(two), await store.stamp(fileName(two)))).toBe(true)
    expect((await machineOn(place).identify(ask('three', 'resp_b2'))).previousKey).toBeUndefined()
    expect([(await entriesIn(place, 'response')).length, await entriesIn(place, 'turn')]).toEqual([1, []])
  })

  test('leads nobody wrong where its fixture was never written, or is another one by now', async () => {
    const place = await fresh()
    const store = machineOn(place)
    const one = await save(store, 'one', 'a1')
    const killed = async () => {
      throw Object.assign(new Error('killed'), { code: 'EPIPE' })
    }
    const dying = machineOn(place, (driver) => ({
      ...driver,
      put: killed,
      putIf: (name, bytes, expected) => (name.startsWith('.index/') ? driver.putIf(name, bytes, expected) : killed()),
    }))
    await expect(save(dying, 'one', 'b1')).rejects.toThrow('killed')
    await expect(save(dying, 'new', 'c1')).rejects.toThrow('killed')
    expect(await entriesIn(place, 'response')).toHaveLength(3)
    for (const id of ['resp_b1', 'resp_c1'])
      expect((await machineOn(place).identify(ask('two', id))).previousKey).toBeUndefined()
    expect((await machineOn(place).identify(ask('two', 'resp_a1'))).previousKey).toBe(one.key)
    expect(await machineOn(place).list()).toEqual([fileName(one)])
    // The same recorder comes again.
    const again = await save(machineOn(place), 'new', 'c1')
    expect((await machineOn(place).identify(ask('two', 'resp_c1'))).previousKey).toBe(again.key)
  })

  test('is damaged by nobody who writes into it: what it names is looked up', async () => {
    const place = await fresh()
    const store = machineOn(place)
    const one = await save(store, 'one', 'a1')
    const [entry = ''] = await entriesIn(place, 'response')
    const driver = driverOn(place)
    await driver.put(`${entry.slice(0, entry.lastIndexOf('/'))}/nothing.jsonl`, new Uint8Array())
    await driver.put(`${entry.slice(0, entry.lastIndexOf('/'))}/`.concat('x'), Buffer.from('x'))
    expect((await machineOn(place).identify(ask('two', 'resp_a1'))).previousKey).toBe(one.key)
  })
})
