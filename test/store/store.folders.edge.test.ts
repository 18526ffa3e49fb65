/** Files and folders that are not as expected: each is a matter of its own fixture, and over when it is over. */
import { execFile } from 'node:child_process'
import { mkdir, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../server/base/clock.ts'
import { formatFixture } from '../../server/fixture/file.ts'
import type { Fixture } from '../../server/fixture/fixture.ts'
import { fileName } from '../../server/fixture/key.ts'
import { instant } from '../../server/model/pace.ts'
import { miss, replay } from '../../server/model/replay.ts'
import type { Store } from '../../server/store/store.ts'
import { callOf } from '../kit/calls.ts'
import { drain, openTestStore, settle } from '../kit/tools.ts'
import { HI, answerOf, fixtureFor, setUp } from './kit.ts'

let [dir, store]: [string, Store] = ['', openTestStore('')]
let [good, next]: [Fixture | undefined, Fixture | undefined] = [undefined, undefined]
beforeEach(async () => {
  ;({ dir, store } = await setUp())
  good = await fixtureFor(store, HI)
  await store.save(good)
  next = await fixtureFor(store, { ...HI, input: 'more', previous_response_id: 'resp_one' }, answerOf('two'))
  await store.save(next)
})

/** What a model that replays answers: the kind of its action, or the code of its error. */
async function ask(from: Store, body: Readonly<Record<string, unknown>>): Promise<string> {
  const model = replay(from, { pace: instant, clock: systemClock, accepts: () => true, otherwise: miss(from) })
  const { action, error } = await drain(model, body)
  if (error === undefined) return action?.kind ?? 'nothing'
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}

const header = (more: string, key = '0'.repeat(64)) =>
  `{"deltatape":2,"key":"${key}","api":"responses","call":{"method":"POST","path":"/v1/responses"},${more}}\n{"at":1,"end":"reset","sha256":"${'0'.repeat(64)}"}\n`
const RECORDED = '"recorded":{"at":"x","upstream":"x"}'

/** Texts of files that are no fixtures. */
const JUNK: Readonly<Record<string, string | Uint8Array>> = {
  'half an emoji': header(`"request":{"input":"\\ud83d"},${RECORDED}`),
  'half an emoji in a name': header(`"request":{"\\ud83d":1},${RECORDED}`),
  'a nesting of 20,000': header(`"request":{"input":${'['.repeat(20_000)}${']'.repeat(20_000)}},${RECORDED}`),
  'a nesting of 20,000 objects': header(`"request":{"a":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}},${RECORDED}`),
  'a nesting outside of the request': header(`"request":{},${RECORDED},"x":${'['.repeat(50_000)}${']'.repeat(50_000)}`),
  'NUL bytes': new Uint8Array(100_000),
  nothing: '',
  'empty lines': '\n'.repeat(10_000),
  'UTF-16': Buffer.from(`\ufeff${header(`"request":{},${RECORDED}`)}`, 'utf16le'),
  'no UTF-8': Uint8Array.from({ length: 5000 }, (_, index) => 128 + (index % 128)),
  'a row of long digits': header(`"request":{"n":${'9'.repeat(100_000)}},${RECORDED}`),
  'a header of megabytes': header(`"request":{"input":"${'x'.repeat(3_000_000)}"},${RECORDED}`),
  'a duplicate member': header(`"request":{"input":"a"},"request":{"input":"b"},${RECORDED}`),
  'a __proto__': header(`"request":{"__proto__":{"input":"x"}},"__proto__":{"key":"x"},${RECORDED}`),
  'headers of any name': header(
    `"request":{},"response":{"status":200,"headers":{"${'n'.repeat(100_000)}":1}},${RECORDED}`,
  ),
  'an array': '[]\n',
  null: 'null\n',
  'another API': header(`"request":{},${RECORDED}`).replace('"api":"responses"', '"api":"__proto__"'),
}

describe.each(['bad-0123456789ab.jsonl', 'bad.jsonl'])('a file that is none, called %s', (name) => {
  test.each(Object.entries(JUNK))('is one damaged fixture, and nothing else: %s', async (_what, text) => {
    await writeFile(join(dir, name), text)
    for (const from of [store, openTestStore(dir)]) {
      expect(await ask(from, HI)).toBe('hit')
      expect(await ask(from, { ...HI, input: 'more', previous_response_id: 'resp_one' })).toBe('hit')
      expect(await ask(from, { ...HI, input: 'never' })).toBe('fixture_miss')
      expect(await ask(from, { ...HI, input: 'more', previous_response_id: 'resp_none' })).toBe('fixture_miss')
      expect(await from.models()).toEqual(['m'])
      expect((await from.survey()).damaged).toEqual([name])
      const told = await from.miss(await from.identify(callOf({ ...HI, input: 'never' })))
      expect(told.message).toContain(`Damaged and passed over: ${name}`)
      expect(told.message.length).toBeLessThan(1000)
    }
    const other = await fixtureFor(store, { ...HI, input: 'new' })
    expect(await store.save(other)).toMatchObject({ outcome: 'saved' })
  })

  test.each(Object.entries(JUNK))('is replaced by what is recorded in its place: %s', async (_what, text) => {
    const other = await fixtureFor(store, { ...HI, input: 'new' })
    await writeFile(join(dir, fileName(other)), text)
    expect(await ask(store, { ...HI, input: 'new' })).toBe('fixture_invalid')
    expect(await store.save(other)).toMatchObject({ outcome: 'saved' })
    expect(await ask(store, { ...HI, input: 'new' })).toBe('hit')
  })
})

test('lines that are none, at any place of a fixture, are damage of this one', async () => {
  const other = await fixtureFor(store, { ...HI, input: 'new' })
  const lines = formatFixture(other).trimEnd().split('\n')
  const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`
  const junk = [deep, `{"at":1,"event":{"a":${deep}`, '{"at":1,"raw":7}', '\0', '{"__proto__":1}']
  for (const line of junk) {
    for (const at of [1, lines.length]) {
      await writeFile(join(dir, fileName(other)), [...lines.slice(0, at), line, ...lines.slice(at)].join('\n'))
      expect(await ask(store, { ...HI, input: 'new' })).toBe('fixture_invalid')
      expect(await ask(store, HI)).toBe('hit')
    }
  }
})

test('a whole fixture beside a damaged one of the same key is played', async () => {
  const part = good?.key.slice(0, 12)
  await writeFile(join(dir, `a-${part}.jsonl`), 'damaged')
  expect(await ask(openTestStore(dir), HI)).toBe('hit')
})

describe('what is no file', () => {
  test.skipIf(process.platform === 'win32')('is one damaged fixture, and nobody waits for it', async () => {
    await promisify(execFile)('mkfifo', [join(dir, 'pipe.jsonl'), join(dir, 'pipe-0123456789ab.jsonl')])
    await symlink('/dev/zero', join(dir, 'zero.jsonl'))
    await mkdir(join(dir, 'folder.jsonl'))
    const other = await fixtureFor(store, { ...HI, input: 'below' })
    await writeFile(join(dir, 'folder.jsonl', fileName(other)), formatFixture(other))
    const anew = openTestStore(dir)
    expect(await ask(anew, HI)).toBe('hit')
    expect(await ask(anew, { ...HI, input: 'below' })).toBe('hit')
    expect(await ask(anew, { ...HI, input: 'never' })).toBe('fixture_miss')
    const names = ['folder.jsonl', 'pipe-0123456789ab.jsonl', 'pipe.jsonl', 'zero.jsonl']
    expect((await anew.survey()).damaged).toEqual(names)
  })
})

describe('what cannot be read now', () => {
  /** A link that leads to itself: it is there, and nobody can read it, whatever his rights. */
  const block = (name: string) => symlink(name, join(dir, name))

  test('is no miss if it may be what is asked for, and over as soon as it can be read', async () => {
    for (const name of [fileName(good ?? HI_NONE), 'renamed.jsonl']) {
      await rename(join(dir, fileName(good ?? HI_NONE)), join(dir, '.away'))
      await block(name)
      for (const from of [store, openTestStore(dir)]) {
        expect(await ask(from, HI)).toBe('fixture_invalid')
        const told = from.playback(good ?? HI_NONE)
        await expect(told).rejects.toThrow(`${name} cannot be read: ELOOP.`)
      }
      await rm(join(dir, name))
      await settle()
      expect(await ask(store, HI)).toBe('fixture_miss')
      await rename(join(dir, '.away'), join(dir, fileName(good ?? HI_NONE)))
      await settle()
      expect(await ask(store, HI)).toBe('hit')
    }
  })

  test('concerns nothing else if its name says whose it is', async () => {
    await block('other-0123456789ab.jsonl')
    expect(await ask(store, HI)).toBe('hit')
    expect(await ask(store, { ...HI, input: 'never' })).toBe('fixture_miss')
    expect(await store.save(await fixtureFor(store, { ...HI, input: 'new' }))).toMatchObject({ outcome: 'saved' })
  })

  test('is not written over, and the save says why', async () => {
    const other = await fixtureFor(store, { ...HI, input: 'new' })
    await block(fileName(other))
    await expect(store.save(other)).rejects.toMatchObject({ code: 'ELOOP' })
    expect(await readlink(join(dir, fileName(other)))).toBe(fileName(other))
    await rm(join(dir, fileName(other)))
    await settle()
    expect(await store.save(other)).toMatchObject({ outcome: 'saved' })
  })

  test('may be what a call continues: that is no miss, either', async () => {
    const asked = { ...HI, input: 'and', previous_response_id: 'resp_hidden' }
    expect(await ask(store, asked)).toBe('fixture_miss')
    await block('hidden-0123456789ab.jsonl')
    expect(await ask(store, asked)).toBe('fixture_invalid')
    expect(store.doubtOf(await store.identify(callOf(asked)))?.message).toContain('hidden-0123456789ab.jsonl')
    expect(await ask(store, { ...HI, input: 'more', previous_response_id: 'resp_one' })).toBe('hit')
    await rm(join(dir, 'hidden-0123456789ab.jsonl'))
    await settle()
    expect(await ask(store, asked)).toBe('fixture_miss')
  })

  test('is all of it while the folder is away; nothing is lost when it comes back', async () => {
    await rename(dir, `${dir}-away`)
    await settle()
    for (const body of [HI, { ...HI, input: 'never' }]) expect(await ask(store, body)).toBe('fixture_invalid')
    await expect(store.models()).rejects.toMatchObject({ code: 'fixture_invalid' })
    if (good) await expect(store.save(good)).rejects.toMatchObject({ code: 'ENOENT' })
    await rename(`${dir}-away`, dir)
    await settle()
    expect(await ask(store, HI)).toBe('hit')
    expect(await ask(store, { ...HI, input: 'never' })).toBe('fixture_miss')
  })
})

const HI_NONE = { api: 'responses', request: {}, key: '' }

describe('a renamed file', () => {
  test.skipIf(process.platform !== 'linux').each([
    ['in Cyrillic', Buffer.from('приветствие')],
    ['with an emoji', Buffer.from('greeting-👋')],
    ['with a line feed', Buffer.from('two\nlines')],
    ['of bytes that are no text', Buffer.from([0x61, 0xff, 0x80])],
  ])('is played, and recorded again in its place: %s', async (_what, words) => {
    if (!good) return
    const place = Buffer.concat([Buffer.from(`${dir}/`), words])
    await mkdir(place)
    for (const ending of [`-${good.key.slice(0, 12)}.jsonl`, '.jsonl']) {
      const name = fileName(good)
      const path = Buffer.concat([place, Buffer.from('/'), words, Buffer.from(ending)])
      await rename(
        (await readFile(join(dir, name)).catch(() => undefined))
          ? join(dir, name)
          : Buffer.concat([place, Buffer.from(`/${name}`)]),
        path,
      )
      await settle()
      for (const from of [store, openTestStore(dir)]) {
        expect(await ask(from, HI)).toBe('hit')
        expect((await from.survey()).candidates).toHaveLength(2)
      }
      const again = { ...good, records: answerOf(`again${ending}`) }
      expect(await store.save(again)).toMatchObject({ outcome: 'saved' })
      expect((await store.list()).length).toBe(2)
      expect(await readFile(Buffer.concat([place, Buffer.from(`/${name}`)]), 'utf8')).toContain('again')
    }
  })
})
