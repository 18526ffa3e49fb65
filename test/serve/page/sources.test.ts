import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseSseRecord } from '../../../server/api/framing/sse.ts'
import { formatFixture } from '../../../server/fixture/file.ts'
import type { Fixture } from '../../../server/fixture/fixture.ts'
import { fileName } from '../../../server/fixture/key.ts'
import { compose, words } from '../../kit/answers.ts'
import { callOf, toRecords } from '../../kit/calls.ts'
import { fixtureFor, fixtureOf } from '../../kit/fixtures.ts'
import { folderWith, temporaryFolder } from '../../kit/tools.ts'
import { framesOf, sourcesOf } from './kit.ts'

const hello = { events: compose('x').text(words('Hello there')).completed() }

/** The sources of a folder with one fixture, and its name. */
async function around(fixture: Fixture) {
  const dir = await temporaryFolder()
  const name = fileName(fixture)
  await writeFile(join(dir, name), formatFixture(fixture))
  return { dir, name, sources: sourcesOf(dir) }
}

test('the status says what the server is, in words', () => {
  const options = { mode: 'live', pace: '2x', fault: 'reset@7', chatbotModel: 'm' } as const
  expect(sourcesOf('fixtures', options).status()).toEqual({
    version: expect.stringMatching(/^\d/),
    mode: 'live',
    fixtures: 'fixtures',
    serve: 'npx deltatape serve',
    chatbotModel: 'm',
    pace: '2x',
    fault: 'reset@7',
  })
  expect(sourcesOf('fixtures').status()).not.toHaveProperty('fault')
})

describe('a name', () => {
  test.each([
    '',
    '..',
    '../secret.jsonl',
    './one.jsonl',
    resolve('package.json'),
    'x\0.jsonl',
    '__proto__',
    'a'.repeat(300),
  ])('that the folder does not list leads nowhere: %j', async (name) => {
    const dir = await folderWith({ One: hello })
    await writeFile(join(dir, '..', 'secret.jsonl'), 'x').catch(() => {})
    const sources = sourcesOf(dir)
    const missing = expect.objectContaining({
      code: 'not_found',
      message: expect.stringMatching(/^There is no fixture .{1,400}$/),
    })
    await expect(sources.view(name)).rejects.toEqual(missing)
    await expect(sources.raw(name)).rejects.toEqual(missing)
  })

  test('may be of a fixture in a folder below', async () => {
    const dir = await temporaryFolder()
    const fixture = fixtureOf({ model: 'm', input: 'Hi' }, hello.events)
    const name = `below/${fileName(fixture)}`
    await mkdir(join(dir, 'below'))
    await writeFile(join(dir, name), formatFixture(fixture))
    expect(await sourcesOf(dir).view(name)).toMatchObject({ name, asked: 'Hi' })
  })
})

test('the raw text is the file', async () => {
  const { dir, name, sources } = await around(fixtureOf({ model: 'm', input: 'Hi' }, hello.events))
  expect(await sources.raw(name)).toBe(await readFile(join(dir, name), 'utf8'))
})

test('a damaged fixture is told with its reason', async () => {
  const dir = await temporaryFolder()
  await writeFile(join(dir, 'bad.jsonl'), '{"deltatape":2')
  await expect(sourcesOf(dir).view('bad.jsonl')).rejects.toMatchObject({ code: 'fixture_invalid' })
})

describe('a fixture that is too large to show is told so, with what to do', () => {
  const told = { code: 'too_large', message: expect.stringContaining('npx deltatape show') }

  test('by its bytes, without reading them', async () => {
    const { dir, name, sources } = await around(fixtureOf({ model: 'm', input: 'Hi' }, hello.events))
    await truncate(join(dir, name), 65 * 1024 * 1024)
    await expect(sources.view(name)).rejects.toMatchObject(told)
    expect((await sources.rows('', 10)).rows).toMatchObject([{ name, ending: 'damaged' }])
  })

  test('by its records; of 50,000 it is shown', async () => {
    const comment = parseSseRecord(': x\n\n', 5)
    const ofSize = (count: number) => {
      const fixture = fixtureOf({ model: 'm', input: 'Hi' }, hello.events)
      return { ...fixture, records: [...Array.from({ length: count }, () => comment), ...fixture.records] }
    }
    const shown = await around(ofSize(50_000))
    expect((await shown.sources.view(shown.name)).records.at).toHaveLength(50_000 + hello.events.length)
    const large = await around(ofSize(100_001))
    await expect(large.sources.view(large.name)).rejects.toMatchObject(told)
  })
})

describe('a hostile fixture is told as JSON, to the character', () => {
  const TEXT = '<script>alert(1)</script>\u202E\u0000\u0007\u2028\uFEFF\uD83D\uDE00'
  const events = (text: string) => [
    { type: 'response.created', response: { id: 'resp_x', status: 'in_progress' } },
    { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: text },
    {
      type: 'response.completed',
      response: JSON.parse(
        '{"id":"resp_x","status":"completed","output":[],"usage":{"__proto__":{"x":1},"input_tokens":1}}',
      ),
    },
  ]

  test.each([
    ['scripts, control and bidirectional characters', TEXT],
    ['half of a surrogate pair', 'a\uD800b'],
    ['1 MB in one line', 'x'.repeat(1_000_000)],
  ])('%s', async (_what, text) => {
    const { name, sources } = await around(fixtureOf({ model: 'm', input: TEXT }, events(text)))
    const view = await sources.view(name)
    const sent: unknown = JSON.parse(JSON.stringify(view))
    expect(sent).toEqual(view)
    expect(view.pieces.text).toEqual([text])
    expect(Object.hasOwn(view.usage ?? {}, '__proto__')).toBe(true)
    expect(JSON.parse(framesOf(view)[0] ?? '')).toMatchObject({ type: 'delta', message: text })
    expect(view.replay.how).toBe('http')
    expect(JSON.parse(JSON.stringify(await sources.rows('', 10)))).toMatchObject({ total: 1 })
  })
})

test('the frame that tells how an answer broke comes after the last record', async () => {
  const records = toRecords(hello.events.slice(0, 5))
  const { name, sources } = await around(
    fixtureOf({ model: 'm', input: 'Hi' }, [], { records, ending: { end: 'reset' }, endedAt: 100 }),
  )
  const { frames, last, gap } = await sources.view(name)
  expect(frames?.of).toHaveLength(5)
  expect(frames?.last.map((frame) => JSON.parse(frame))).toEqual([
    expect.objectContaining({ type: 'error', code: 'upstream_reset' }),
  ])
  expect(JSON.parse(last)).toMatchObject({ at: 100, end: 'reset' })
  expect(gap).toEqual({ from: 40, to: 100 })
})

test('what no chat client could get has no frames', async () => {
  const call = callOf({ model: 'm', messages: [] }, { path: '/v1/chat/completions' })
  const { name, sources } = await around(fixtureFor(call, { ending: { end: 'truncated' } }))
  expect(await sources.view(name)).not.toHaveProperty('frames.of')
})
