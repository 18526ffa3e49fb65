import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { chatCompletions } from '../../../server/api/chat-completions/index.ts'
import { systemClock } from '../../../server/base/clock.ts'
import type { JsonObject } from '../../../server/base/json.ts'
import type { Fixture } from '../../../server/fixture/fixture.ts'
import { fileName } from '../../../server/fixture/key.ts'
import { givenBy } from '../../../server/fixture/thread.ts'
import { type Finder, createFinder } from '../../../server/store/find/finder.ts'
import { createMarks } from '../../../server/store/conversation/marks.ts'
import { pickAll } from '../../../server/store/pick.ts'
import type { Store } from '../../../server/store/store.ts'
import { createThreads } from '../../../server/store/conversation/threads.ts'
import { findUnused } from '../../../server/upkeep/unused.ts'
import { readFiles, verify } from '../../../server/upkeep/verify.ts'
import { createRedactor } from '../../../server/redact/redactor.ts'
import { callOf } from '../../kit/calls.ts'
import { inOnePiece } from '../../kit/fixtures.ts'
import { openTestStore, openTestDirectory } from '../../kit/tools.ts'
import { setUp } from '../kit.ts'

const chat = (messages: readonly JsonObject[]) =>
  callOf({ model: 'm', messages }, { api: chatCompletions, path: '/v1/chat/completions' })

const HI: JsonObject = { role: 'user', content: 'Weather?' }
const called = (id: string): JsonObject => ({
  role: 'assistant',
  tool_calls: [{ id, type: 'function', function: { name: 'weather', arguments: '{}' } }],
})
const output = (id: string): JsonObject => ({ role: 'tool', tool_call_id: id, content: 'rain' })

/** Saves what was answered to some messages, as a recording does; gives it as it was found then. */
async function save(
  store: Store,
  messages: readonly JsonObject[],
  message: JsonObject,
  at = '2026-11-24T10:00:00.000Z',
) {
  const identity = await store.identify(chat(messages))
  const { response, records } = inOnePiece({ choices: [{ message, finish_reason: 'stop' }] })
  const fixture: Fixture = {
    ...identity,
    response,
    knownBy: givenBy(chatCompletions, identity.request, chatCompletions.events(records)),
    recorded: { at, upstream: 'stand-in' },
    records,
    ending: { end: 'complete' },
    endedAt: 100,
  }
  await store.save(fixture)
  await store.linked()
  const saved = await store.find(fixture)
  if (!saved) throw new Error('It was not saved.')
  return saved
}

const STEP = [HI, called('call_a1'), output('call_a1')]

describe('a fixture whose request carries an earlier answer', () => {
  test('names the fixture of it, and of several that of the last', async () => {
    const { store } = await setUp()
    const first = await save(store, [HI], called('call_a1'))
    const second = await save(store, STEP, called('call_b2'))
    const third = await save(store, [...STEP, called('call_b2'), output('call_b2')], { content: 'Rain.' })
    const more: JsonObject[] = [
      { role: 'assistant', content: 'Rain.' },
      { role: 'user', content: 'Sure?' },
    ]
    const last = await save(store, [...STEP, called('call_b2'), output('call_b2'), ...more], { content: 'Yes.' })
    expect([first, second, third, last].map(({ follows }) => follows)).toEqual([
      undefined,
      first.key,
      second.key,
      third.key,
    ])
    expect(second.key).toBe((await store.identify(chat(STEP))).key)
  })

  test('names it where another process recorded it', async () => {
    const { dir, store } = await setUp()
    const { key } = await save(store, [HI], called('call_a1'))
    expect((await save(openTestStore(dir), STEP, { content: 'Rain.' })).follows).toBe(key)
  })

  test('is saved before a large folder is looked through, and names it then', async () => {
    const { dir, store } = await setUp()
    const { key } = await save(store, [HI], called('call_a1'))
    const finder = createFinder(openTestDirectory(dir), { clock: systemClock, memoryBytes: 1e6 })
    const opened = Promise.withResolvers<void>()
    const slow: Finder = { ...finder, look: () => opened.promise.then(finder.look) }
    const marks = createMarks(openTestDirectory(dir), systemClock)
    const threadOf = createThreads(slow, marks, { ...systemClock, timer: (_ms, act) => systemClock.timer(0, act) })
    const step = await save(store, STEP, { content: 'Rain.' })
    const [one, other] = [await threadOf(step), await threadOf(step)]
    expect([one.follows, other.follows]).toEqual([undefined, undefined])
    const later = [one.later?.(), other.later?.()]
    opened.resolve()
    expect(await Promise.all(later)).toEqual([key, key])
    expect(await threadOf(step)).toEqual({ follows: key })
  })

  test('of several answers that are known by the same id, the one that it carries more of, and then the last', async () => {
    const { store } = await setUp()
    const other = [{ role: 'user', content: 'Other?' }]
    const both: JsonObject = { ...called('call_1x'), content: 'Let me see.' }
    const { key } = await save(store, [HI], both)
    await save(store, other, both, '2026-11-25T10:00:00.000Z')
    expect((await save(store, [HI, both, output('call_1x')], { content: 'x' })).follows).toBe(key)
    const newest = await save(
      store,
      [{ role: 'user', content: 'Third?' }],
      called('call_1x'),
      '2026-11-26T10:00:00.000Z',
    )
    expect((await save(store, [HI, called('call_1x'), output('call_1x')], { content: 'x' })).follows).toBe(newest.key)
  })

  test('names none that went away, nor itself', async () => {
    const { dir, store } = await setUp()
    const first = await save(store, [HI], called('call_a1'))
    await rm(join(dir, fileName(first)))
    expect((await save(store, STEP, called('call_a1'))).follows).toBeUndefined()
    expect((await save(store, STEP, { content: 'Rain.' })).follows).toBeUndefined()
  })

  test('lets the one that it continues count as used', async () => {
    const { store } = await setUp()
    await save(store, [HI], called('call_a1'))
    const { name } = await save(store, STEP, { content: 'Rain.' })
    await save(store, [{ role: 'user', content: 'Nobody asks' }], { content: 'x' })
    const { candidates } = await store.survey()
    const unused = findUnused({ used: new Set([name]), missed: [] }, candidates)
    expect(unused.map((each) => each.name)).toEqual([expect.stringMatching(/^nobody-asks-/)])
  })

  test('is warned of where no fixture holds that answer: it is gone, or was recorded again', async () => {
    const { dir, store } = await setUp()
    const warnings = async () => {
      const files = await pickAll(store, [])
      const found = []
      for await (const each of verify(readFiles(files), { redactor: createRedactor(), whole: true }))
        found.push(...each)
      return found.map(({ kind, severity, name }) => [kind, severity, name])
    }
    const first = await save(store, [HI], called('call_a1'))
    const { name } = await save(store, STEP, { content: 'Rain.' })
    expect(await warnings()).toEqual([])
    await save(store, [HI], called('call_other'))
    expect(await warnings()).toEqual([['conversation', 'warning', name]])
    await save(store, [HI], called('call_a1'))
    expect(await warnings()).toEqual([])
    await rm(join(dir, first.name))
    expect(await warnings()).toEqual([['conversation', 'warning', name]])
  })
})
