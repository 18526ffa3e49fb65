import { copyFile, readFile, readdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isGood, type Fixture } from '../../server/fixture/fixture.ts'
import { formatFixture, parseFixture } from '../../server/fixture/file.ts'
import { responseIdOf } from '../../server/api/responses/events.ts'
import { fileName } from '../../server/fixture/key.ts'
import type { JsonObject } from '../../server/base/json.ts'
import type { Ending } from '../../server/api/ending.ts'
import type { ModelEvent } from '../../server/api/event.ts'
import type { Store } from '../../server/store/store.ts'
import { compose, words } from '../kit/answers.ts'
import { openTestStore, temporaryFolder, toEvents } from '../kit/tools.ts'

const answerOf = (seed: string, text = 'Hi there') => toEvents(compose(seed).text(words(text)).completed())

async function fixtureFor(
  store: Store,
  body: JsonObject,
  events: ModelEvent[] = answerOf('one'),
  ending: Ending = { end: 'complete' },
): Promise<Fixture> {
  const responseId = responseIdOf(events)
  return {
    ...(await store.identify(body)),
    ...(responseId === undefined ? {} : { responseId }),
    recorded: { at: '2026-11-24T10:00:00.000Z', upstream: 'stand-in', openai: '7.57.0' },
    events,
    ending,
    endedAt: 100,
  }
}

const HI = { model: 'm', input: 'Say hi' }

async function setUp() {
  const dir = await temporaryFolder()
  return { dir, store: openTestStore(dir) }
}

describe('find', () => {
  test('gives what was saved, to this store and to a new one', async () => {
    const { dir, store } = await setUp()
    const fixture = await fixtureFor(store, HI)
    expect(await store.find(fixture.key)).toBeUndefined()
    expect(await store.save(fixture)).toMatchObject({ outcome: 'saved' })
    const name = fileName(fixture)
    expect(await store.find(fixture.key)).toEqual({ ...fixture, name })
    expect(await openTestStore(dir).find(fixture.key)).toEqual({ ...fixture, name })
  })

  test('reads a file once while it stays as it is, and again when it has changed', async () => {
    const { dir, store } = await setUp()
    const fixture = await fixtureFor(store, HI)
    await store.save(fixture)
    const name = fileName(fixture)
    const first = await store.recording(fixture.key)
    expect(await store.recording(fixture.key)).toBe(first)
    expect(first?.parts()).toBe(first?.parts())
    await writeFile(join(dir, name), formatFixture({ ...fixture, events: answerOf('two') }))
    await utimes(join(dir, name), 1, 1)
    expect((await store.find(fixture.key))?.events).toEqual(answerOf('two'))
    await rm(join(dir, name))
    expect(await store.find(fixture.key)).toBeUndefined()
  })

  test('finds by key, whatever the words in the name', async () => {
    const { dir, store } = await setUp()
    const fixture = await fixtureFor(store, HI)
    await store.save(fixture)
    const name = fileName(fixture)
    const own = `my-own-words-${fixture.key.slice(0, 12)}.jsonl`
    await rename(join(dir, name), join(dir, own))
    expect((await store.find(fixture.key))?.name).toBe(own)
    await rename(join(dir, own), join(dir, 'whatever.jsonl'))
    expect((await store.find(fixture.key))?.name).toBe('whatever.jsonl')
    await rename(join(dir, 'whatever.jsonl'), join(dir, own))
    await store.save({ ...fixture, events: answerOf('two') })
    expect(await store.list()).toEqual([name])
  })

  test('says of a file with the key of another in its name that it is misnamed', async () => {
    const { dir, store } = await setUp()
    const fixture = await fixtureFor(store, HI)
    await store.save(fixture)
    await rename(join(dir, fileName(fixture)), join(dir, 'say-hi-000000000000.jsonl'))
    expect(await store.recording(fixture.key)).toBeUndefined()
    const { message } = await store.miss(fixture)
    expect(message).toBe(
      `say-hi-000000000000.jsonl is the fixture for this request, and its name says otherwise. Rename it to ${fileName(fixture)}.`,
    )
  })

  test('leaves no copy of a fixture that is recorded again, whoever made it', async () => {
    const { dir, store } = await setUp()
    const fixture = await fixtureFor(store, HI)
    await store.save(fixture)
    await copyFile(join(dir, fileName(fixture)), join(dir, `a-${fixture.key.slice(0, 12)}.jsonl`))
    await store.save({ ...fixture, events: answerOf('two') })
    expect(await store.list()).toEqual([fileName(fixture)])
  })

  test('sees an edit that keeps the size of a file and its time', async () => {
    const { dir, store } = await setUp()
    const fixture = await fixtureFor(store, HI)
    await store.save(fixture)
    const path = join(dir, fileName(fixture))
    await utimes(path, 1, 1)
    const texts = async () => {
      const recording = await store.recording(fixture.key)
      const found = []
      for await (const part of recording?.parts() ?? []) found.push(...part.map(({ text }) => text))
      return found.join('')
    }
    expect(await texts()).toContain('Hi there')
    await writeFile(path, formatFixture(fixture).replaceAll('Hi', 'Ho'))
    await utimes(path, 1, 1)
    expect(await texts()).toContain('Ho there')
  })

  test('sees what another program adds', async () => {
    const { dir, store } = await setUp()
    const other = openTestStore(dir)
    const fixture = await fixtureFor(other, HI)
    expect(await store.find(fixture.key)).toBeUndefined()
    await other.save(fixture)
    expect(await store.find(fixture.key)).toBeDefined()
  })

  test('a damaged file is an error that names it, not a miss', async () => {
    const { dir, store } = await setUp()
    const fixture = await fixtureFor(store, HI)
    await store.save(fixture)
    const name = fileName(fixture)
    await writeFile(join(dir, name), formatFixture(fixture).slice(0, -30))
    await expect(store.find(fixture.key)).rejects.toMatchObject({
      code: 'fixture_invalid',
      message: expect.stringContaining(name),
    })
  })
})

describe('what cannot be looked at', () => {
  test('is a damaged fixture where it is a file: others are played, and a miss is a miss', async () => {
    const { dir, store } = await setUp()
    const fixture = await fixtureFor(store, HI)
    await store.save(fixture)
    const other = await store.identify({ model: 'm', input: 'Say ho' })
    const loop = fileName(other)
    await symlink(loop, join(dir, loop))
    const anew = openTestStore(dir)
    expect((await anew.recording(fixture.key))?.name).toBe(fileName(fixture))
    await expect(anew.recording(other.key)).rejects.toMatchObject({
      code: 'fixture_invalid',
      message: expect.stringContaining(`${loop} cannot be read: ELOOP`),
    })
    const third = await anew.identify({ model: 'm', input: 'Say hey' })
    expect(await anew.recording(third.key)).toBeUndefined()
    expect(await anew.miss(third)).toMatchObject({ code: 'fixture_miss', message: expect.stringContaining(loop) })
  })

  test('is said of a directory by the miss, and saves fail with the reason of the system', async () => {
    const { dir, store } = await setUp()
    const fixture = await fixtureFor(store, HI)
    await rm(dir, { recursive: true })
    await symlink(dir, dir)
    expect(await store.recording(fixture.key)).toBeUndefined()
    await expect(store.miss(fixture)).rejects.toMatchObject({
      code: 'fixture_invalid',
      message: expect.stringMatching(/^The fixtures directory ".+" cannot be read: ELOOP\.$/),
    })
    await expect(store.save(fixture)).rejects.toMatchObject({ code: 'ELOOP' })
    await rm(dir)
  })

  test('is gone where a file stands in the place of the directory', async () => {
    const { dir, store } = await setUp()
    const fixture = await fixtureFor(store, HI)
    await store.save(fixture)
    await store.recording(fixture.key)
    await rm(dir, { recursive: true })
    await writeFile(dir, '')
    expect(await store.recording(fixture.key)).toBeUndefined()
    expect(await store.miss(fixture)).toMatchObject({ code: 'fixture_miss' })
  })
})

describe('list', () => {
  test('is sorted, whatever order the disk has', async () => {
    const { dir, store } = await setUp()
    const names = Array.from({ length: 50 }, (_, index) => `${(index * 37) % 50}.jsonl`)
    for (const name of names) await writeFile(join(dir, name), '')
    expect(await store.list()).toEqual(names.toSorted())
  })

  test('knows only *.jsonl without a leading dot', async () => {
    const { dir, store } = await setUp()
    await store.save(await fixtureFor(store, HI))
    for (const name of ['.x-123456789012.jsonl', 'notes.txt', '.x.jsonl.1.ab.tmp'])
      await writeFile(join(dir, name), 'x')
    expect(await store.list()).toEqual([fileName(await fixtureFor(store, HI))])
  })

  test('a folder that is gone holds nothing', async () => {
    const { dir, store } = await setUp()
    await rm(dir, { recursive: true })
    expect(await store.list()).toEqual([])
  })
})

describe('save', () => {
  test('leaves no temporary file behind, and a whole fixture at any moment', async () => {
    const { dir, store } = await setUp()
    const base = await fixtureFor(store, HI)
    const saved = new AbortController()
    const reading = (async () => {
      let reads = 0
      while (!saved.signal.aborted) {
        for (const name of await store.list()) {
          parseFixture(await readFile(join(dir, name), 'utf8'), name)
          reads++
        }
      }
      return reads
    })()
    for (let round = 0; round < 30; round++) {
      await Promise.all(['a', 'b', 'c'].map((seed) => store.save({ ...base, events: answerOf(`${seed}${round}`) })))
    }
    saved.abort()
    expect(await reading).toBeGreaterThan(0)
    expect(await readdir(dir)).toEqual([fileName(base)])
  })

  test('leaves the file alone where nothing is new, times aside', async () => {
    const { dir, store } = await setUp()
    const fixture = await fixtureFor(store, HI)
    await store.save(fixture)
    const name = fileName(fixture)
    const before = await readFile(join(dir, name), 'utf8')
    const later = { ...fixture, endedAt: 999, events: fixture.events.map((event) => ({ ...event, at: event.at + 5 })) }
    expect(await store.save(later)).toMatchObject({ outcome: 'unchanged' })
    expect(await readFile(join(dir, name), 'utf8')).toBe(before)
    expect(await store.save({ ...fixture, events: answerOf('two') })).toMatchObject({ outcome: 'saved' })
  })

  test('replaces a damaged file', async () => {
    const { dir, store } = await setUp()
    const fixture = await fixtureFor(store, HI)
    await writeFile(join(dir, fileName(fixture)), 'damaged')
    expect(await store.save(fixture)).toMatchObject({ outcome: 'saved' })
    expect(await store.find(fixture.key)).toBeDefined()
  })

  test('a failure never replaces a good answer, however they come together', async () => {
    for (let round = 0; round < 20; round++) {
      const { dir, store } = await setUp()
      const other = openTestStore(dir)
      const good = await fixtureFor(store, HI)
      const bad = { ...good, events: toEvents(compose('bad').failed('server_error', 'x')) }
      const outcomes = await Promise.all([store.save(bad), store.save(good), store.save(bad), other.save(bad)])
      expect(outcomes[1]).toMatchObject({ outcome: 'saved' })
      expect(isGood((await openTestStore(dir).find(good.key)) ?? bad)).toBe(true)
      expect(await readdir(dir)).toHaveLength(1)
    }
  })

  test('says what it replaced, wherever that stood, and nothing where nothing was', async () => {
    const { dir, store } = await setUp()
    const fixture = await fixtureFor(store, HI)
    expect(await store.save(fixture)).toEqual({ outcome: 'saved' })
    await rename(join(dir, fileName(fixture)), join(dir, 'renamed.jsonl'))
    const later = { ...fixture, events: answerOf('two') }
    expect(await store.save(later)).toEqual({ outcome: 'saved', replaced: { ...fixture, name: 'renamed.jsonl' } })
    expect(await store.save(later)).toEqual({ outcome: 'unchanged' })
  })

  test('a folder that is gone is an error that says so', async () => {
    const { dir, store } = await setUp()
    const fixture = await fixtureFor(store, HI)
    await rm(dir, { recursive: true })
    await expect(store.save(fixture)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

describe('identify', () => {
  test('follows a conversation by its fixtures, though every id is another when it is recorded again', async () => {
    const recordConversation = async (store: Store, salt: string) => {
      const names: string[] = []
      let previous: string | undefined
      for (const [index, input] of ['one', 'two', 'three'].entries()) {
        const body = { model: 'm', input, ...(previous === undefined ? {} : { previous_response_id: previous }) }
        const fixture = await fixtureFor(store, body, answerOf(`${salt}${index}`))
        await store.save(fixture)
        names.push(fileName(fixture))
        previous = `resp_${salt}${index}`
      }
      return names
    }
    const { dir, store } = await setUp()
    const first = await recordConversation(store, 'a')
    expect(await recordConversation(store, 'b')).toEqual(first)
    expect(await recordConversation(openTestStore(dir), 'c')).toEqual(first)
    expect(await store.list()).toEqual(first.toSorted())
    const parent = await store.identify({ model: 'm', input: 'one' })
    const child = await openTestStore(dir).identify({ model: 'm', input: 'two', previous_response_id: 'resp_c0' })
    expect(child.previousKey).toBe(parent.key)
    // Who still holds an id of an older recording of this process is understood; another process knows it no more.
    const old = { model: 'm', input: 'two', previous_response_id: 'resp_a0' }
    expect((await store.identify(old)).previousKey).toBe(parent.key)
    expect((await openTestStore(dir).identify(old)).previousKey).toBeUndefined()
  })
})

test('a request that holds a line separator is one line, and its conversation goes on', async () => {
  const { dir, store } = await setUp()
  const fixture = await fixtureFor(store, { model: 'm', input: 'one\u2028two\u2029three\u0085\r' })
  expect(await store.save(fixture)).toMatchObject({ outcome: 'saved' })
  const next = { model: 'm', input: 'more', previous_response_id: 'resp_one' }
  expect((await openTestStore(dir).identify(next)).previousKey).toBe(fixture.key)
})

test('a conversation whose answers all have the same id is followed all the same', async () => {
  const { dir, store } = await setUp()
  const ask = (input: string, previous?: string) => ({
    model: 'm',
    input,
    ...(previous ? { previous_response_id: previous } : {}),
  })
  const bodies = [ask('one'), ask('two', 'resp_same'), ask('three', 'resp_same'), ask('two', 'resp_same')]
  const keys: string[] = []
  for (const [index, body] of bodies.slice(0, 3).entries()) {
    const fixture = await fixtureFor(store, body, answerOf('same', `answer ${index}`))
    keys.push(fixture.key)
    await store.save({ ...fixture, recorded: { ...fixture.recorded, at: `2026-11-24T10:00:0${index}.000Z` } })
  }
  expect(new Set(keys).size).toBe(3)
  const replaying = openTestStore(dir)
  for (const [index, body] of bodies.entries()) {
    expect((await replaying.identify(body)).key).toBe(keys[index === 3 ? 1 : index])
  }
})

describe('miss', () => {
  test('names the nearest fixture and passes over damaged ones by name', async () => {
    const { dir, store } = await setUp()
    await store.save(await fixtureFor(store, HI))
    const name = fileName(await fixtureFor(store, HI))
    await writeFile(join(dir, 'bad-123456789012.jsonl'), 'damaged')
    const { code, message } = await store.miss(await store.identify({ ...HI, input: 'Say ho' }))
    expect(code).toBe('fixture_miss')
    expect(message).toContain(`The nearest is ${name}`)
    expect(message).toContain('Damaged and passed over: bad-123456789012.jsonl')
  })
})
