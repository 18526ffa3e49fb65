/** How fixtures are saved: whole, in the place where they were, and never a failure over a good one. */
import { copyFile, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseFixture } from '../../server/fixture/file.ts'
import { isGood } from '../../server/fixture/fixture.ts'
import { fileName } from '../../server/fixture/key.ts'
import { compose } from '../kit/answers.ts'
import { callOf, toRecords } from '../kit/calls.ts'
import { openTestStore, settle } from '../kit/tools.ts'
import { HI, answerOf, fixtureFor, setUp } from './kit.ts'

test('leaves no temporary file behind, and a whole fixture at any moment', async () => {
  const { dir, store } = await setUp()
  const base = await fixtureFor(store, HI)
  const saved = new AbortController()
  const reading = (async () => {
    let reads = 0
    while (!saved.signal.aborted) {
      // A listing that is kept gives no turn to those who write.
      await settle()
      for (const name of await store.list()) {
        parseFixture(await readFile(join(dir, name), 'utf8'), name)
        reads++
      }
    }
    return reads
  })()
  for (let round = 0; round < 30; round++) {
    await Promise.all(['a', 'b', 'c'].map((seed) => store.save({ ...base, records: answerOf(`${seed}${round}`) })))
  }
  saved.abort()
  expect(await reading).toBeGreaterThan(0)
  expect(await readdir(dir)).toEqual([fileName(base)])
})

test('a failure takes the place of a failure where somebody has put that', async () => {
  const { dir, store } = await setUp()
  const failure = (end: 'reset' | 'stalled') => fixtureFor(store, HI, answerOf('f').slice(0, 3), { ending: { end } })
  const { name } = await store.save(await failure('reset'))
  await mkdir(join(dir, 'sub'))
  await rename(join(dir, name), join(dir, 'sub', name))
  const later = openTestStore(dir)
  expect(await later.save(await failure('stalled'))).toMatchObject({ outcome: 'saved', name: `sub/${name}` })
  expect(await readdir(dir)).toEqual(['sub'])
  expect((await later.read(`sub/${name}`)).ending.end).toBe('stalled')
})

describe('nothing new', () => {
  test('leaves the file alone, times and headers aside', async () => {
    const { dir, store } = await setUp()
    const fixture = await fixtureFor(store, HI)
    await store.save(fixture)
    const path = join(dir, fileName(fixture))
    const before = await readFile(path, 'utf8')
    const later = {
      ...fixture,
      endedAt: 999,
      records: fixture.records.map((record) => ({ ...record, at: record.at + 5 })),
      response: { status: 200, headers: [['x-request-id', 'req_2']], framing: 'sse' },
    } as const
    expect(await store.save(later)).toMatchObject({ outcome: 'unchanged' })
    expect(await readFile(path, 'utf8')).toBe(before)
  })

  test('is not an answer that differs in a byte, in its status or its end', async () => {
    const { store } = await setUp()
    const records = [{ at: 0, wire: '{"a":1}' }]
    const response = { status: 200, headers: [], framing: 'json' } as const
    const call = callOf(HI, { path: '/v1/x' })
    const fixture = await fixtureFor(store, call, records, { response })
    const next = [
      { records: [{ at: 0, wire: '{"a": 1}' }] },
      { response: { ...response, status: 201 } },
      { records: [...records, { at: 1, wire: '\n' }] },
    ]
    await store.save(fixture)
    for (const more of next) expect(await store.save({ ...fixture, ...more })).toMatchObject({ outcome: 'saved' })
  })

  test('is an answer in one piece, however it came', async () => {
    const { store } = await setUp()
    const response = { status: 200, headers: [], framing: 'json' } as const
    const fixture = await fixtureFor(store, callOf(HI, { path: '/v1/x' }), [{ at: 3, wire: '{"a":1}' }], { response })
    for (const cut of [1, 3, 6]) {
      const pieces = ['{"a":1}'.slice(0, cut), '{"a":1}'.slice(cut)].map((wire, at) => ({ at, wire }))
      expect(await store.save({ ...fixture, records: pieces })).toMatchObject({
        outcome: cut === 1 ? 'saved' : 'unchanged',
      })
    }
  })

  test('are the same bytes, even if they are no text', async () => {
    const { store } = await setUp()
    const records = [{ at: 0, wire: Uint8Array.of(0xff, 1) }]
    const more = { response: { status: 200, headers: [], framing: 'text' } } as const
    const fixture = await fixtureFor(store, callOf(HI, { path: '/v1/x' }), records, more)
    expect(await store.save(fixture)).toMatchObject({ outcome: 'saved' })
    expect(await store.save(fixture)).toMatchObject({ outcome: 'unchanged' })
    const other = { ...fixture, records: [{ at: 0, wire: Uint8Array.of(0xff, 2) }] }
    expect(await store.save(other)).toMatchObject({ outcome: 'saved' })
  })

  test('is not a request that says more: it is what a refresh sends', async () => {
    const { store } = await setUp()
    await store.save(await fixtureFor(store, HI))
    const more = await fixtureFor(store, { ...HI, metadata: { run: '2' } })
    expect(await store.save(more)).toMatchObject({ outcome: 'saved' })
    expect((await store.find(more))?.request).toMatchObject({ metadata: { run: '2' } })
  })
})

describe('a failure', () => {
  const failed = toRecords(compose('bad').failed('server_error', 'x'))

  test('never replaces a good answer, however they come together', async () => {
    for (let round = 0; round < 20; round++) {
      const { dir, store } = await setUp()
      const other = openTestStore(dir)
      const good = await fixtureFor(store, HI)
      const bad = { ...good, records: failed }
      const outcomes = await Promise.all([store.save(bad), store.save(good), store.save(bad), other.save(bad)])
      expect(outcomes[1]).toMatchObject({ outcome: 'saved' })
      expect(isGood((await openTestStore(dir).find(good)) ?? bad)).toBe(true)
      expect(await readdir(dir)).toHaveLength(1)
    }
  })

  test('is replaced by a good answer, and by another failure', async () => {
    const { store } = await setUp()
    const good = await fixtureFor(store, HI)
    const refused = {
      ...good,
      response: { status: 429, headers: [], framing: 'json' },
      records: [{ at: 0, wire: '{}' }],
      ending: { end: 'refused' },
    } as const
    for (const fixture of [refused, { ...good, records: failed }, good]) {
      expect(await store.save(fixture)).toMatchObject({ outcome: 'saved' })
    }
    expect(await store.save(refused)).toEqual({ outcome: 'kept', name: fileName(good) })
  })

  test('replaces a damaged file', async () => {
    const { dir, store } = await setUp()
    const bad = await fixtureFor(store, HI, failed)
    await writeFile(join(dir, fileName(bad)), 'damaged')
    expect(await store.save(bad)).toMatchObject({ outcome: 'saved' })
    expect(await store.find(bad)).toBeDefined()
  })
})

describe('the place', () => {
  test('is told, whatever the file was called, and nothing if there was none', async () => {
    const { dir, store } = await setUp()
    const fixture = await fixtureFor(store, HI)
    const name = fileName(fixture)
    expect(await store.save(fixture)).toEqual({ outcome: 'saved', name })
    const before = await store.find(fixture)
    await rename(join(dir, fileName(fixture)), join(dir, 'renamed.jsonl'))
    const later = { ...fixture, records: answerOf('two') }
    expect(await store.save(later)).toEqual({ outcome: 'saved', name, replaced: { ...before, name: 'renamed.jsonl' } })
    expect(await store.list()).toEqual([fileName(fixture)])
    expect(await store.save(later)).toEqual({ outcome: 'unchanged', name })
  })

  test('of one that is recorded again stays its sub-directory', async () => {
    const { dir, store } = await setUp()
    const fixture = await fixtureFor(store, HI)
    await store.save(fixture)
    const name = fileName(fixture)
    await mkdir(join(dir, 'chat', 'deep'), { recursive: true })
    await rename(join(dir, name), join(dir, 'chat', 'deep', 'own-words.jsonl'))
    for (const seed of ['two', 'three']) {
      const again = seed === 'two' ? store : openTestStore(dir)
      expect(await again.save({ ...fixture, records: answerOf(seed) })).toMatchObject({ outcome: 'saved' })
      expect(await again.list()).toEqual([`chat/deep/${name}`])
      expect((await again.find(fixture))?.responseId).toBe(fixture.responseId)
    }
    expect((await readdir(dir, { recursive: true })).toSorted()).toEqual(['chat', 'chat/deep', `chat/deep/${name}`])
    const bad = { ...fixture, records: toRecords(compose('bad').failed('server_error', 'x')) }
    expect(await store.save(bad)).toEqual({ outcome: 'kept', name: `chat/deep/${name}` })
  })

  test('holds no copy after that, whoever made it', async () => {
    const { dir, store } = await setUp()
    const fixture = await fixtureFor(store, HI)
    await store.save(fixture)
    await mkdir(join(dir, 'copies'))
    const part = fixture.key.slice(0, 12)
    for (const copy of [`a-${part}.jsonl`, `copies/b-${part}.jsonl`]) {
      await copyFile(join(dir, fileName(fixture)), join(dir, copy))
    }
    const other = await fixtureFor(store, { ...HI, input: 'Say ho' })
    // The name of another call's fixture says the same by accident.
    await store.save(other)
    await rename(join(dir, fileName(other)), join(dir, `c-${part}.jsonl`))
    await store.save({ ...fixture, records: answerOf('two') })
    expect(await store.list()).toHaveLength(2)
    expect(await store.list()).toContain(`c-${part}.jsonl`)
    expect((await store.find(fixture))?.records).toEqual(answerOf('two'))
  })
})

test('a folder that is gone is an error that says so', async () => {
  const { dir, store } = await setUp()
  const fixture = await fixtureFor(store, HI)
  await rm(dir, { recursive: true })
  await expect(store.save(fixture)).rejects.toMatchObject({ code: 'ENOENT' })
})

describe('replace and remove', () => {
  test('write a fixture under its own name in place of a file, and take one away', async () => {
    const { dir, store } = await setUp()
    const fixture = await fixtureFor(store, HI)
    await mkdir(join(dir, 'chat'))
    await writeFile(join(dir, 'chat', 'old.jsonl'), 'damaged')
    expect(await store.replace('chat/old.jsonl', fixture, await store.stamp('chat/old.jsonl'))).toBe(true)
    expect(await store.list()).toEqual([`chat/${fileName(fixture)}`])
    const next = { ...fixture, records: answerOf('two') }
    const name = `chat/${fileName(fixture)}`
    expect(await store.replace(name, next, await store.stamp(name))).toBe(true)
    expect((await store.find(fixture))?.records).toEqual(next.records)
    const stamp = await store.stamp(name)
    expect([await store.remove(name, stamp), await store.remove(name, stamp)]).toEqual([true, false])
    expect(await store.list()).toEqual([])
    expect(await store.playback(fixture)).toBeUndefined()
  })
})
