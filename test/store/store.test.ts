/** Where fixtures are found, and which call it is. */
import { mkdir, readFile, readdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bytesOf } from '../../server/api/record.ts'
import { formatFixture } from '../../server/fixture/file.ts'
import { fileName } from '../../server/fixture/key.ts'
import type { Playback } from '../../server/store/read/playback.ts'
import { callOf, toRecords } from '../kit/calls.ts'
import { openTestStore } from '../kit/tools.ts'
import { HI, answerOf, fixtureFor, setUp } from './kit.ts'

const bodyOf = async (playback: Playback | undefined): Promise<string> => {
  const parts: Buffer[] = []
  for await (const { items } of playback?.parts() ?? []) parts.push(bytesOf(items))
  return Buffer.concat(parts).toString()
}

describe('find', () => {
  test('gives what was saved, to this store and to a new one', async () => {
    const { dir, store } = await setUp()
    const fixture = await fixtureFor(store, HI)
    expect(await store.find(fixture)).toBeUndefined()
    expect(await store.save(fixture)).toMatchObject({ outcome: 'saved' })
    const found = { ...fixture, name: fileName(fixture), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }
    expect(await store.find(fixture)).toEqual(found)
    expect(await openTestStore(dir).find(fixture)).toEqual(found)
  })

  test('finds by key, whatever the words in the name', async () => {
    const { dir, store } = await setUp()
    const fixture = await fixtureFor(store, HI)
    await store.save(fixture)
    const name = fileName(fixture)
    const own = `my-own-words-${fixture.key.slice(0, 12)}.jsonl`
    await rename(join(dir, name), join(dir, own))
    expect((await store.find(fixture))?.name).toBe(own)
    await rename(join(dir, own), join(dir, 'whatever.jsonl'))
    expect((await store.find(fixture))?.name).toBe('whatever.jsonl')
    await rename(join(dir, 'whatever.jsonl'), join(dir, own))
    await store.save({ ...fixture, records: answerOf('two') })
    expect(await store.list()).toEqual([name])
  })

  test('finds what stands in a sub-directory', async () => {
    const { dir, store } = await setUp()
    const fixture = await fixtureFor(store, HI)
    await store.save(fixture)
    const name = fileName(fixture)
    await mkdir(join(dir, 'chat', 'deep'), { recursive: true })
    await rename(join(dir, name), join(dir, 'chat', 'deep', name))
    for (const again of [store, openTestStore(dir)]) {
      expect((await again.playback(fixture))?.name).toBe(`chat/deep/${name}`)
      expect((await again.find(fixture))?.name).toBe(`chat/deep/${name}`)
      expect(await again.list()).toEqual([`chat/deep/${name}`])
      expect(await again.text(`chat/deep/${name}`)).toBe(await readFile(join(dir, 'chat', 'deep', name), 'utf8'))
    }
  })

  test('says of a file with the key of another in its name that it is misnamed', async () => {
    const { dir, store } = await setUp()
    const fixture = await fixtureFor(store, HI)
    await store.save(fixture)
    await rename(join(dir, fileName(fixture)), join(dir, 'say-hi-000000000000.jsonl'))
    expect(await store.playback(fixture)).toBeUndefined()
    const { message, fixture: wanted } = await store.miss(fixture)
    expect(message).toBe(
      `say-hi-000000000000.jsonl is the fixture for this request, and its name says otherwise. Rename it to ${fileName(fixture)}.`,
    )
    expect(wanted).toBe(fileName(fixture))
  })

  test('sees an edit that keeps the size of a file and its time', async () => {
    const { dir, store } = await setUp()
    const fixture = await fixtureFor(store, HI)
    await store.save(fixture)
    const path = join(dir, fileName(fixture))
    await utimes(path, 1, 1)
    expect(await bodyOf(await store.playback(fixture))).toContain('Hi there')
    await writeFile(path, formatFixture(fixture).replaceAll('Hi', 'Ho'))
    await utimes(path, 1, 1)
    expect(await bodyOf(await store.playback(fixture))).toContain('Ho there')
  })

  test('sees what another program adds', async () => {
    const { dir, store } = await setUp()
    const other = openTestStore(dir)
    const fixture = await fixtureFor(other, HI)
    expect(await store.find(fixture)).toBeUndefined()
    await other.save(fixture)
    expect(await store.find(fixture)).toBeDefined()
  })

  test('a damaged file is an error that names it, not a miss', async () => {
    const { dir, store } = await setUp()
    const fixture = await fixtureFor(store, HI)
    await store.save(fixture)
    const name = fileName(fixture)
    await writeFile(join(dir, name), formatFixture(fixture).slice(0, -30))
    const damaged = { code: 'fixture_invalid', message: expect.stringContaining(name) }
    await expect(store.find(fixture)).rejects.toMatchObject(damaged)
    await expect(store.playback(fixture)).rejects.toMatchObject(damaged)
  })

  test('a file of format 1 is refused by name', async () => {
    const { dir, store } = await setUp()
    const fixture = await fixtureFor(store, HI)
    await writeFile(join(dir, fileName(fixture)), '{"deltatape":1,"key":"x"}\n')
    await expect(store.playback(fixture)).rejects.toMatchObject({
      code: 'fixture_invalid',
      message: expect.stringMatching(/^say-hi-\w{12}\.jsonl:1: this file is of format 1/),
    })
  })
})

test.each(['Say hi', 'こんにちは、世界', 'Déjà vu', 'नमस्ते दुनिया', '👋🏽'])(
  'a fixture named after %j is found by its name',
  async (input) => {
    const { dir, store } = await setUp()
    const fixture = await fixtureFor(store, { model: 'm', input })
    await store.save(fixture)
    expect(await readdir(dir)).toEqual([fileName(fixture)])
    const anew = openTestStore(dir)
    expect((await anew.playback(fixture))?.name).toBe(fileName(fixture))
    expect((await anew.survey()).candidates.map(({ name }) => name)).toEqual([fileName(fixture)])
  },
)

test('a checkout with CR LF replays the same bytes, whatever the answer is', async () => {
  const { dir, store } = await setUp()
  const crlf = toRecords([{ type: 'response.completed', response: {} }]).map((record) => ({
    ...record,
    wire: String(record.wire).replaceAll('\n', '\r\n'),
  }))
  const fixtures = [
    await fixtureFor(store, HI),
    await fixtureFor(store, { ...HI, input: 'crlf' }, [{ at: 0, wire: ': keep-alive\r\n\r\n' }, ...crlf]),
    await fixtureFor(
      store,
      callOf({ input: 'json' }, { path: '/v1/x' }),
      [{ at: 0, wire: '{\n  "a": "b\\r\\n"\n}\r\n' }],
      {
        response: { status: 200, headers: [], framing: 'json' },
      },
    ),
    await fixtureFor(store, callOf({ input: 'text' }, { path: '/v1/x' }), [{ at: 0, wire: 'a\r\nb\nc\r' }], {
      response: { status: 200, headers: [], framing: 'text' },
    }),
  ]
  for (const fixture of fixtures) await store.save(fixture)
  for (const name of await store.list()) {
    const path = join(dir, name)
    await writeFile(path, (await readFile(path, 'utf8')).replaceAll('\n', '\r\n'))
  }
  for (const again of [store, openTestStore(dir)]) {
    for (const fixture of fixtures) {
      const { records } = fixture
      expect(await bodyOf(await again.playback(fixture))).toBe(bytesOf(records).toString())
      expect((await again.find(fixture))?.records.map(({ wire }) => wire)).toEqual(records.map(({ wire }) => wire))
    }
  }
})

describe('what cannot be looked at', () => {
  test('is a damaged fixture if it is a file: others are played, and a miss is a miss', async () => {
    const { dir, store } = await setUp()
    const fixture = await fixtureFor(store, HI)
    await store.save(fixture)
    const other = await store.identify(callOf({ model: 'm', input: 'Say ho' }))
    const loop = fileName(other)
    await symlink(loop, join(dir, loop))
    const anew = openTestStore(dir)
    expect((await anew.playback(fixture))?.name).toBe(fileName(fixture))
    await expect(anew.playback(other)).rejects.toMatchObject({
      code: 'fixture_invalid',
      message: expect.stringContaining(`${loop} cannot be read: ELOOP`),
    })
    const third = await anew.identify(callOf({ model: 'm', input: 'Say hey' }))
    expect(await anew.playback(third)).toBeUndefined()
    expect(await anew.miss(third)).toMatchObject({ code: 'fixture_miss', message: expect.stringContaining(loop) })
  })

  test('is said of a directory, which is no miss, and saves fail with the reason of the system', async () => {
    const { dir, store } = await setUp()
    const fixture = await fixtureFor(store, HI)
    await rm(dir, { recursive: true })
    await symlink(dir, dir)
    const unreadable = {
      code: 'fixture_invalid',
      message: expect.stringMatching(/^The fixtures directory ".+" cannot be read: ELOOP\. /),
    }
    await expect(store.playback(fixture)).rejects.toMatchObject(unreadable)
    await expect(store.miss(fixture)).rejects.toMatchObject(unreadable)
    await expect(store.save(fixture)).rejects.toMatchObject({ code: 'ELOOP' })
    await rm(dir)
  })

  test('is said, too, if a file stands in the place of the directory', async () => {
    const { dir, store } = await setUp()
    const fixture = await fixtureFor(store, HI)
    await store.save(fixture)
    await store.playback(fixture)
    await rm(dir, { recursive: true })
    await writeFile(dir, '')
    const unreadable = { code: 'fixture_invalid', message: expect.stringContaining('cannot be read: ENOTDIR') }
    await expect(store.playback(fixture)).rejects.toMatchObject(unreadable)
    await expect(store.miss(fixture)).rejects.toMatchObject(unreadable)
  })
})

describe('list', () => {
  test('is sorted, whatever order the disk has', async () => {
    const { dir, store } = await setUp()
    const names = Array.from({ length: 50 }, (_, index) => `${(index * 37) % 50}.jsonl`)
    for (const name of names) await writeFile(join(dir, name), '')
    expect(await store.list()).toEqual(names.toSorted())
  })

  test('knows only *.jsonl, and passes over what begins with a dot, and all below it', async () => {
    const { dir, store } = await setUp()
    const fixture = await fixtureFor(store, HI)
    await store.save(fixture)
    for (const folder of ['.hidden', 'seen', 'seen/.hidden']) await mkdir(join(dir, folder))
    const others = [
      '.x-123456789012.jsonl',
      'notes.txt',
      '.x.jsonl.1.ab.tmp',
      '.hidden/a.jsonl',
      'seen/.hidden/b.jsonl',
    ]
    for (const name of [...others, 'seen/c.jsonl']) await writeFile(join(dir, name), 'x')
    expect(await store.list()).toEqual([fileName(fixture), 'seen/c.jsonl'])
  })

  test('a folder that is gone is an error: what it held is not known to be gone', async () => {
    const { dir, store } = await setUp()
    await rm(dir, { recursive: true })
    await expect(store.list()).rejects.toMatchObject({ code: 'fixture_invalid' })
  })
})

test('a miss names the nearest fixture, and passes over damaged ones by name', async () => {
  const { dir, store } = await setUp()
  const fixture = await fixtureFor(store, HI)
  await store.save(fixture)
  await writeFile(join(dir, 'bad-123456789012.jsonl'), 'damaged')
  const missed = await store.identify(callOf({ ...HI, input: 'Say ho' }))
  const { code, message, fixture: wanted } = await store.miss(missed)
  expect([code, wanted]).toEqual(['fixture_miss', fileName(missed)])
  expect(message).toContain(`The nearest is ${fileName(fixture)}`)
  expect(message).toContain('Damaged and passed over: bad-123456789012.jsonl')
})

test('the models are those of all fixtures, sorted, each once', async () => {
  const { store } = await setUp()
  for (const model of ['b', 'a', 'b']) await store.save(await fixtureFor(store, { model, input: model }))
  await store.save(await fixtureFor(store, { input: 'none' }))
  expect(await store.models()).toEqual(['a', 'b'])
})
