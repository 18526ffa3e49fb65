/** Which fixture a call continues, by the id of the answer that it names. */
import { describe, expect, test } from 'vitest'
import type { Call } from '../../../server/api/call.ts'
import { fileName } from '../../../server/fixture/key.ts'
import type { Store } from '../../../server/store/store.ts'
import { callOf } from '../../kit/calls.ts'
import { openTestStore } from '../../kit/tools.ts'
import { HI, answerOf, fixtureFor, setUp } from '../kit.ts'

const ask = (input: string, previous?: string) =>
  callOf({ model: 'm', input, ...(previous === undefined ? {} : { previous_response_id: previous }) })

/** Records three turns, each of which continues the one before; the ids of the answers begin with `salt`. */
async function recordConversation(store: Store, salt: string): Promise<string[]> {
  const names: string[] = []
  let previous: string | undefined
  for (const [index, input] of ['one', 'two', 'three'].entries()) {
    const fixture = await fixtureFor(store, ask(input, previous), answerOf(`${salt}${index}`))
    await store.save(fixture)
    names.push(fileName(fixture))
    previous = `resp_${salt}${index}`
  }
  return names
}

test('a conversation is followed by its fixtures, though every id is another when it is recorded again', async () => {
  const { dir, store } = await setUp()
  const first = await recordConversation(store, 'a')
  expect(await recordConversation(store, 'b')).toEqual(first)
  expect(await recordConversation(openTestStore(dir), 'c')).toEqual(first)
  expect(await store.list()).toEqual(first.toSorted())
  const parent = await store.identify(ask('one'))
  const child = await openTestStore(dir).identify(ask('two', 'resp_c0'))
  expect(child.previousKey).toBe(parent.key)
  expect(await openTestStore(dir).find(child)).toMatchObject({ name: first[1], previousKey: parent.key })
})

test('who still holds an id of an older recording of this process is understood; another process knows it no more', async () => {
  const { dir, store } = await setUp()
  for (const salt of ['a', 'b']) await recordConversation(store, salt)
  const { key } = await store.identify(ask('one'))
  expect((await store.identify(ask('two', 'resp_a0'))).previousKey).toBe(key)
  expect((await openTestStore(dir).identify(ask('two', 'resp_a0'))).previousKey).toBeUndefined()
})

test('an id that no fixture holds counts as it is', async () => {
  const { store } = await setUp()
  await recordConversation(store, 'a')
  const [one, other] = [await store.identify(ask('two', 'resp_x')), await store.identify(ask('two', 'resp_y'))]
  expect([one.previousKey, other.previousKey]).toEqual([undefined, undefined])
  expect(one.key).not.toBe(other.key)
  expect(one.request.previous_response_id).toBe('resp_x')
})

test('a conversation whose answers all have the same id is followed all the same', async () => {
  const { dir, store } = await setUp()
  const calls = [ask('one'), ask('two', 'resp_same'), ask('three', 'resp_same'), ask('two', 'resp_same')]
  const keys: string[] = []
  for (const [index, call] of calls.slice(0, 3).entries()) {
    const fixture = await fixtureFor(store, call, answerOf('same', `answer ${index}`))
    keys.push(fixture.key)
    await store.save({ ...fixture, recorded: { ...fixture.recorded, at: `2026-11-24T10:00:0${index}.000Z` } })
  }
  expect(new Set(keys).size).toBe(3)
  const replaying = openTestStore(dir)
  for (const [index, { content }] of calls.entries()) {
    expect((await replaying.identify(callOf({}, { content, body: content }))).key).toBe(keys[index === 3 ? 1 : index])
  }
})

test('a request that holds a line separator is one line, and its conversation goes on', async () => {
  const { dir, store } = await setUp()
  const fixture = await fixtureFor(store, { model: 'm', input: 'one\u2028two\u2029three\u0085\r' })
  expect(await store.save(fixture)).toMatchObject({ outcome: 'saved' })
  expect((await openTestStore(dir).identify(ask('more', 'resp_one'))).previousKey).toBe(fixture.key)
})

test('a stream and a call in one piece continue the same fixture', async () => {
  const { dir, store } = await setUp()
  await recordConversation(store, 'a')
  const [streamed, plain] = [true, undefined].map((stream) =>
    openTestStore(dir).identify(callOf({ model: 'm', input: 'two', previous_response_id: 'resp_a0', stream })),
  )
  expect((await plain)?.previousKey).toBe((await streamed)?.previousKey)
  expect((await plain)?.key).not.toBe((await streamed)?.key)
})

describe('the identity of a call', () => {
  test('is made once for one call, and the same for the same bytes', async () => {
    const { store } = await setUp()
    const call = ask('one')
    const identity = await store.identify(call)
    expect(await store.identify(call)).toBe(identity)
    expect(await store.identify(ask('one'))).toBe(identity)
    expect(await store.identify(ask('two'))).not.toBe(identity)
  })

  test('is another one for another method, path or query, though the bytes are the same', async () => {
    const { store } = await setUp()
    const { content, headers } = ask('one')
    const others: Partial<Call>[] = [{ path: '/responses' }, { query: '?a=1' }, { method: 'PUT' }, { path: '/v1/x' }]
    const keys = await Promise.all(
      [{}, ...others].map(async (more) => (await store.identify(callOf({}, { content, headers, ...more }))).key),
    )
    expect(new Set(keys).size).toBe(keys.length)
  })

  test('is another one for another host, or another header that counts, though the bytes are the same', async () => {
    const { store } = await setUp()
    const { content } = ask('one')
    const others: Partial<Call>[] = [
      {},
      { to: { upstream: 'a.example', host: 'a.example' } },
      { to: { upstream: 'b.example', host: 'b.example' } },
      { headers: [['anthropic-version', '2023-06-01']] },
      { headers: [['Anthropic-Version', '2026-10-21']] },
      { headers: [['anthropic-beta', '2026-10-21']] },
    ]
    const path = '/v1/messages'
    const keys: string[] = []
    for (const more of others) keys.push((await store.identify(callOf({}, { content, path, ...more }))).key)
    expect(new Set(keys).size).toBe(keys.length)
  })

  test('is refused for the same bytes that are not said to be JSON, though they were known', async () => {
    const { store } = await setUp()
    const { content } = ask('one')
    await store.identify(ask('one'))
    await expect(
      store.identify(callOf({}, { content, headers: [['content-type', 'text/plain']] })),
    ).rejects.toMatchObject({ code: 'unsupported_media_type' })
  })

  test('of a large body is made, too, and not kept', async () => {
    const { store } = await setUp()
    const large = { ...HI, input: 'x'.repeat(3 * 1024 * 1024) }
    const [one, again] = [await store.identify(callOf(large)), await store.identify(callOf(large))]
    expect(again).toEqual(one)
    expect(again).not.toBe(one)
  })

  test('is no longer kept when others took its place, by the bytes of their bodies', async () => {
    const { store } = await setUp()
    const first = await store.identify(callOf(HI))
    for (let index = 0; index < 24; index++)
      await store.identify(callOf({ ...HI, input: `${index}${'x'.repeat(200_000)}` }))
    expect(await store.identify(callOf(HI))).toEqual(first)
    expect(await store.identify(callOf(HI))).not.toBe(first)
  })

  test('of a call that continues another is looked for each time: that may be recorded meanwhile', async () => {
    const { store } = await setUp()
    expect((await store.identify(ask('two', 'resp_a0'))).previousKey).toBeUndefined()
    await recordConversation(store, 'a')
    expect((await store.identify(ask('two', 'resp_a0'))).previousKey).toBe((await store.identify(ask('one'))).key)
  })
})
