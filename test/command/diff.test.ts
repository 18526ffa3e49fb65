import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compose, words } from '../kit/answers.ts'
import { callOf, toRecords } from '../kit/calls.ts'
import { fixtureOf } from '../kit/fixtures.ts'
import { commitAll, deltatape, folderWith, openTestStore } from '../kit/tools.ts'

const says = (text: string, seed = 'a') => ({ events: compose(seed).text(words(text)).completed() })

/** A repository with one fixture, and a way to record it anew. */
async function setUp() {
  const dir = await folderWith({ 'Say hi': says('Hello there') })
  await commitAll(dir)
  const store = openTestStore(dir)
  const [name = ''] = await store.list()
  return {
    dir,
    name,
    diff: (...args: string[]) => deltatape(['diff', ...args, '--fixtures', dir]),
    async recordAnew(text: string, seed = 'b') {
      const before = await store.find(await store.identify(callOf({ model: 'gpt-4.1-mini', input: 'Say hi' })))
      if (!before) throw new Error('none')
      await store.save({ ...before, records: toRecords(says(text, seed).events), endedAt: 500 })
    },
  }
}

describe('all, against what is committed', () => {
  const HI = callOf({ model: 'gpt-4.1-mini', input: 'Say hi' })

  test('those that differ are told one by one, then what became of all', async () => {
    const dir = await folderWith({ 'Say hi': says('Hello there'), 'Say bye': says('Bye'), 'Say no': says('No') })
    const store = openTestStore(dir)
    const [bye = '', hi = '', no = ''] = await store.list()
    const diff = (...args: string[]) => deltatape(['diff', ...args, '--fixtures', dir])
    await commitAll(dir)
    expect(await diff()).toEqual({
      code: 0,
      out: '0 changed, 0 new, 0 gone, 0 with other ids and times alone, 3 untouched\n',
      err: '',
    })

    const found = await store.find(await store.identify(HI))
    if (!found) throw new Error('none')
    await store.save({ ...found, records: toRecords(says('Hello you', 'b').events), endedAt: 500 })
    await rename(join(dir, bye), join(dir, 'other.jsonl'))
    const text = await readFile(join(dir, no), 'utf8')
    await writeFile(join(dir, no), text.replaceAll('\n', '\r\n'))
    const changed = await diff()
    expect(changed).toMatchObject({ code: 1, err: '' })
    expect(changed.out).toMatch(`--- ${hi} in HEAD\n+++ ${hi}\n\nAnswer\nHello [-there-]{+you+}\n`)
    expect(changed.out).toMatch(
      new RegExp(
        `\n\nNew since HEAD\n {2}other\\.jsonl\n\nGone since HEAD\n {2}${bye}\n\n1 changed, 1 new, 1 gone, 1 with other ids and times alone, 0 untouched\n$`,
      ),
    )

    const { out } = await diff('--json')
    expect(JSON.parse(out)).toMatchObject({
      against: 'HEAD',
      fixtures: [
        { outcome: 'new', name: 'other.jsonl' },
        { outcome: 'changed', name: hi, versions: { before: `${hi} in HEAD`, after: hi, same: false } },
        { outcome: 'same', name: no },
        { outcome: 'gone', name: bye },
      ],
    })
  })

  test('a damaged one hides no other, exit code 2', async () => {
    const { dir, name, diff } = await setUp()
    await writeFile(join(dir, 'new.jsonl'), await readFile(join(dir, name)))
    await writeFile(join(dir, name), 'no fixture\n')
    const { code, out } = await diff()
    expect(code).toBe(2)
    expect(out).toContain(`Not compared\n  ${name}:1: this fixture is damaged`)
    expect(out).toContain('0 changed, 1 new, 0 gone, 0 with other ids and times alone, 0 untouched, 1 not compared')
  })

  test('where git cannot tell it says why, exit code 2', async () => {
    const { dir, diff } = await setUp()
    expect(await diff('--against', 'v9')).toMatchObject({ code: 2, err: expect.stringContaining('no such revision') })
    await rm(join(dir, '.git'), { recursive: true })
    expect(await diff()).toMatchObject({ code: 2, err: expect.stringContaining(`${dir} cannot be compared with HEAD`) })
  })
})

describe('against what is committed', () => {
  test('nothing differs', async () => {
    const { diff, name } = await setUp()
    expect(await diff('say')).toEqual({
      code: 0,
      out: `\
--- ${name} in HEAD
+++ ${name}

Nothing differs but ids and times.

Timing
first delta 40 ms → 40 ms, total 100 ms → 100 ms
`,
      err: '',
    })
  })

  test('another id is no difference', async () => {
    const { diff, recordAnew } = await setUp()
    await recordAnew('Hello there', 'other')
    expect(await diff('say')).toMatchObject({ code: 0, out: expect.stringContaining('total 100 ms → 500 ms') })
  })

  test('another answer is, word by word', async () => {
    const { diff, recordAnew, name } = await setUp()
    await recordAnew('Hello to you, there')
    expect(await diff('say')).toEqual({
      code: 1,
      out: `\
--- ${name} in HEAD
+++ ${name}

Answer
Hello {+to you, +}there

Events
output_text.delta ×2 → ×5

Usage
output_tokens  [-2-]{+5+}
total_tokens  [-18-]{+21+}

Timing
first delta 40 ms → 40 ms, total 100 ms → 500 ms
`,
      err: '',
    })
  })

  test('or what another revision has', async () => {
    const { dir, diff, recordAnew } = await setUp()
    await recordAnew('Hello you')
    await commitAll(dir)
    expect((await diff('say')).code).toBe(0)
    expect(await diff('say', '--against', 'HEAD~1')).toMatchObject({
      code: 1,
      out: expect.stringContaining('Hello [-there-]{+you+}'),
    })
  })

  test('if that cannot be, it says why, exit code 2', async () => {
    const { dir, diff } = await setUp()
    const ending = { end: 'unreachable' } as const
    await openTestStore(dir).save(fixtureOf({ model: 'm', input: 'New' }, [], { response: undefined, ending }))
    expect(await diff('new')).toEqual({
      code: 2,
      out: '',
      err: expect.stringContaining('it is not in there. Commit it'),
    })
    expect(await diff('say', '--against', 'v9')).toEqual({
      code: 2,
      out: '',
      err: expect.stringContaining('there is no such revision'),
    })
    await rm(join(dir, '.git'), { recursive: true })
    expect(await diff('say')).toEqual({ code: 2, out: '', err: expect.stringContaining('it is in no git repository') })
  })

  test('a damaged version is told as which it is', async () => {
    const { dir, name, diff } = await setUp()
    const text = await readFile(join(dir, name), 'utf8')
    await writeFile(join(dir, name), text.slice(0, -20))
    await commitAll(dir)
    await writeFile(join(dir, name), text)
    expect(await diff('say')).toEqual({
      code: 2,
      out: '',
      err: expect.stringContaining(`${name} in HEAD:12: this fixture`),
    })
  })
})

describe('two fixtures', () => {
  test('that answer other requests', async () => {
    const { code, out } = await deltatape(['diff', 'rephrase-this-in-french-h', 'rephrase-this-in-pirate-h'])
    expect(code).toBe(1)
    expect(out).toContain('Request\ninput  Rephrase this in [-French-]{+Pirate+}: Hello world\n')
    expect(out).toContain('Answer\n[-Bonjour tout le monde -]{+Ahoy, world! ')
  })

  test('that ended otherwise', async () => {
    const { out } = await deltatape(['diff', 'fail-with-a-refused', 'fail-with-a-stalled'])
    expect(out).toContain('Ended\nending  [-refused-]{+stalled+}\n')
    expect(out).toContain('Events\n+created ×1\n+in_progress ×1\n')
    expect(out).toMatch(/first delta – → \d+ ms/)
  })

  test('a fixture and itself', async () => {
    expect((await deltatape(['diff', 'spell', 'spell'])).code).toBe(0)
  })

  test('of a long answer what differs is shown, with a little around it', async () => {
    const long = Array.from({ length: 500 }, (_, index) => `word${index}`).join(' ')
    const dir = await folderWith({ One: says(`${long} end`), Two: says(`${long.replace('word250 ', '')} end`) })
    const { out } = await deltatape(['diff', 'one', 'two', '--fixtures', dir])
    expect(out).toMatch(/…[^…]* word249 \[-word250 -\]word251 [^…]*…/)
    expect(out.length).toBeLessThan(1000)
  })

  test('long lists are cut, and --json has all', async () => {
    const events = (seed: string) => ({
      events: Array.from({ length: 100 }, (_, index) => ({ type: `${seed}.${index}` })),
      ending: { end: 'truncated' } as const,
    })
    const dir = await folderWith({ One: events('a'), Two: events('b') })
    const { out } = await deltatape(['diff', 'one', 'two', '--fixtures', dir])
    expect(out).toContain('\nand 160 more\n')
    const { out: json } = await deltatape(['diff', 'one', 'two', '--fixtures', dir, '--json'])
    const { events: all }: { events: unknown[] } = JSON.parse(json)
    expect(all).toHaveLength(200)
  })
})

test('--json is the names and what differs', async () => {
  const { code, out } = await deltatape(['diff', 'rephrase-this-in-french-h', 'rephrase-this-in-pirate-h', '--json'])
  expect(code).toBe(1)
  expect(JSON.parse(out)).toMatchObject({
    before: expect.stringMatching(/^rephrase-this-in-french/),
    after: expect.stringMatching(/^rephrase-this-in-pirate/),
    same: false,
    request: [{ name: 'input', before: 'Rephrase this in French: Hello world' }],
    timing: { firstDelta: { before: expect.any(Number), after: expect.any(Number) } },
  })
})

test('control characters are shown, not sent', async () => {
  const dir = await folderWith({ 'A\u001b[2J': says('\u001b[2J one'), 'B\u001b[2J': says('\u001b[2J two\nx') })
  const { out } = await deltatape(['diff', 'a', 'b', '--fixtures', dir])
  expect(out).not.toMatch(/[^\P{Cc}\n]/u)
})
