import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runCli } from '../../server/command/index.ts'
import { formatFixture } from '../../server/fixture/file.ts'
import { type Fixture } from '../../server/fixture/fixture.ts'
import { fileName } from '../../server/fixture/key.ts'
import { compose, words } from '../kit/answers.ts'
import { fixtureFor, fixtureOf, getCall, inOnePiece } from '../kit/fixtures.ts'
import { deltatape, fakeTerminal, manualClock, temporaryFolder } from '../kit/tools.ts'

async function putFixture(dir: string, fixture: Fixture): Promise<string> {
  const name = fileName(fixture)
  await writeFile(join(dir, name), formatFixture(fixture))
  return name
}

const put = (dir: string, body: Readonly<Record<string, unknown>>, text: string, more: Partial<Fixture> = {}) =>
  putFixture(
    dir,
    fixtureOf({ model: 'm', ...body }, compose('a').text(words(text)).completed(), {
      recorded: { at: '2026-11-20T00:00:00.000Z', upstream: 'stand-in' },
      endedAt: 200,
      ...more,
    }),
  )

/** Four fixtures, of which one is damaged; the clock stands at 2026-11-24. */
async function setUp() {
  const dir = await temporaryFolder()
  const at = (date: string) => ({ at: date, upstream: 'api.openai.com' })
  await put(dir, { input: 'Say hi' }, 'Hello there')
  await put(dir, { input: 'Say ho', model: 'm-mini' }, 'Santa', {
    recorded: at('2026-10-01T00:00:00.000Z'),
    endedAt: 90,
  })
  await put(dir, { input: [{ role: 'user', content: 'Boo' }] }, '', {
    recorded: at('2026-11-23T23:00:00.000Z'),
    ...inOnePiece('Oh', 500),
    ending: { end: 'refused' },
  })
  await writeFile(join(dir, 'zero.jsonl'), 'damaged')
  const ls = (...args: string[]) => deltatape(['ls', '--fixtures', dir, ...args], { clock: manualClock() })
  /** The first words of the names. */
  const names = async (...args: string[]): Promise<string[]> => {
    const rows: { name: string }[] = JSON.parse((await ls('--json', ...args)).out)
    return rows.map(({ name }) => name.replace(/(-[0-9a-f]{12})?\.jsonl$/, ''))
  }
  return { dir, ls, names }
}

test('a table, a damaged fixture as a row that says so', async () => {
  const { ls } = await setUp()
  const { code, out, err } = await ls()
  expect(code).toBe(0)
  expect(out.replaceAll(/-[0-9a-f]{12}/g, '-<key>       ')).toBe(`\
name                 ending     events  chars  first  took  recorded
boo-<key>            refused         0    4 B      –   200  2026-11-23 23:00
say-hi-<key>         completed      10     11     40   200  2026-11-20 00:00
say-ho-<key>         completed       9      5     40    90  2026-10-01 00:00
zero                 damaged         –      –      –     –  –
`)
  expect(err).toBe(
    '4 fixtures\nzero.jsonl:1: this fixture is damaged: it is no JSON. Restore it (git checkout), or remove it and record it again (MODEL_MODE=auto).\n',
  )
})

test('a call that names no model is told by its method and path, an answer without text by its size', async () => {
  const dir = await temporaryFolder()
  const name = await putFixture(dir, fixtureFor(getCall('/own/models'), { ...inOnePiece({ data: [] }), endedAt: 12 }))
  const long = `/ow/${'files/'.repeat(9)}content`
  await mkdir(join(dir, 'other'))
  await putFixture(join(dir, 'other'), fixtureFor(getCall(long), { ...inOnePiece({ a: 1 }), endedAt: 12 }))
  const { out } = await deltatape(['ls', '--fixtures', dir, '--sort', 'api'])
  expect(out.replaceAll(/-[0-9a-f]{12}/g, '-<key>       ')).toBe(`\
name                        api  ending     events  chars  first  took
other/request-<key>         any  completed       0    7 B      –    12
request-<key>               any  completed       0   11 B      –    12
`)
  const wide = (await deltatape(['ls', '--fixtures', dir], { columns: 150 })).out
  expect(wide).toContain(' any  GET /own/models ')
  expect(wide).toContain(' any  GET /ow/files/…files/content ')
  expect(JSON.parse((await deltatape(['ls', '--fixtures', dir, '--json', 'request'])).out)).toContainEqual(
    expect.objectContaining({
      name,
      api: 'any',
      method: 'GET',
      path: '/own/models',
      model: '',
      status: 200,
      bytes: 11,
    }),
  )
})

test('a wide terminal has more columns', async () => {
  const { dir } = await setUp()
  const [titles = ''] = (await deltatape(['ls', '--fixtures', dir], { columns: 150 })).out.split('\n')
  expect(titles.split(/ +/)).toEqual([
    'name',
    'api',
    'model',
    'ending',
    'events',
    'chars',
    'first',
    'took',
    'recorded',
    'from',
  ])
})

test('the bundled fixtures fit 80 columns, whatever they are sorted by', async () => {
  for (const column of ['name', 'api', 'model', 'recorded', 'from', 'took']) {
    const { out } = await deltatape(['ls', '--sort', column])
    const lines = out.split('\n')
    expect(lines.filter((line) => line.length > 80)).toEqual([])
    expect(lines[0]).toContain(column)
  }
})

test('--json has everything', async () => {
  const { ls } = await setUp()
  const rows: unknown = JSON.parse((await ls('--json')).out)
  expect(rows).toEqual([
    {
      name: expect.stringMatching(/^boo-\w{12}\.jsonl$/),
      key: expect.stringMatching(/^[0-9a-f]{64}$/),
      api: 'responses',
      method: 'POST',
      path: '/v1/responses',
      model: 'm',
      status: 500,
      ending: 'refused',
      why: 'The API refused the request with HTTP 500: "Oh".',
      events: 0,
      bytes: 4,
      chars: 0,
      durationMs: 200,
      recordedAt: '2026-11-23T23:00:00.000Z',
      upstream: 'api.openai.com',
    },
    expect.objectContaining({ ending: 'completed', firstDeltaMs: 40, chars: 11, events: 10 }),
    expect.objectContaining({ model: 'm-mini' }),
    { name: 'zero.jsonl', ending: 'damaged', why: expect.stringContaining('zero.jsonl:1') },
  ])
})

describe('what is listed', () => {
  test.each([
    ['words in a name, an input or an answer', ['SAY', 'hello'], ['say-hi']],
    ['a word of a list of items', ['boo'], ['boo']],
    ['a word that nothing has', ['nothing'], []],
    ['a model', ['--model', 'm'], ['boo', 'say-hi']],
    ['models of a kind', ['--model', 'm*'], ['boo', 'say-hi', 'say-ho']],
    ['dots as they are', ['--model', '.'], []],
    ['an ending', ['--ending', 'refused'], ['boo']],
    ['what is damaged', ['--ending', 'damaged'], ['zero']],
    ['what is old', ['--older-than', '30d'], ['say-ho']],
    ['what is new', ['--newer-than', '2h'], ['boo']],
    ['what is neither', ['--newer-than', '30d', '--older-than', '2h'], ['say-hi']],
  ])('%s', async (_what, args, expected) => {
    const { names } = await setUp()
    expect(await names(...args)).toEqual(expected)
  })

  test('how many of how many is told', async () => {
    const { ls } = await setUp()
    expect(await ls('nothing')).toEqual({ code: 0, out: '', err: '0 of 4 fixtures\n' })
  })

  test('both are written in groups of three digits', async () => {
    const { dir, ls } = await setUp()
    for (let index = 0; index < 1000; index++) await writeFile(join(dir, `many-${index}.jsonl`), 'damaged')
    expect((await ls('many')).err).toMatch(/^1,000 of 1,004 fixtures$/m)
  })

  test.each([
    [['--older-than', 'long'], 'An age must be'],
    [['--ending', 'badly'], 'Allowed choices are completed, '],
    [['--sort', 'luck'], 'Allowed choices are name, '],
  ])('%j is refused', async (args, told) => {
    const { ls } = await setUp()
    expect(await ls(...args)).toEqual({ code: 2, out: '', err: expect.stringContaining(told) })
  })
})

describe('the order', () => {
  test.each([
    ['events', ['boo', 'say-ho', 'say-hi', 'zero']],
    ['took', ['say-ho', 'boo', 'say-hi', 'zero']],
    ['first', ['say-hi', 'say-ho', 'boo', 'zero']],
    ['recorded', ['say-ho', 'say-hi', 'boo', 'zero']],
    ['from', ['boo', 'say-ho', 'say-hi', 'zero']],
    ['model', ['boo', 'say-hi', 'say-ho', 'zero']],
    ['ending', ['say-hi', 'say-ho', 'zero', 'boo']],
  ])('by %s', async (column, expected) => {
    const { names } = await setUp()
    expect(await names('--sort', column)).toEqual(expected)
  })

  test('the other way round, what has no value stands last all the same', async () => {
    const { names } = await setUp()
    expect(await names('--sort', 'events', '--reverse')).toEqual(['say-hi', 'say-ho', 'boo', 'zero'])
  })
})

test('control characters of names are shown, not sent', async () => {
  const dir = await temporaryFolder()
  await writeFile(join(dir, 'a\u001b[2Jb.jsonl'), 'damaged')
  const { out, err } = await deltatape(['ls', '--fixtures', dir])
  expect(out).toContain(String.raw`a\u001b[2Jb`)
  expect(out + err).not.toContain('\u001b')
})

test('every fixture is a step of the progress, which stops before anything is written', async () => {
  const { dir } = await setUp()
  const seen: string[] = []
  const terminal = {
    ...fakeTerminal(),
    write: () => void seen.push('write'),
    progress: (total: number) => ({ step: () => void seen.push(`of ${total}`), stop: () => void seen.push('stop') }),
  }
  const interrupted = () => new AbortController().signal
  await runCli(['ls', '--fixtures', dir], { env: {}, terminal, clock: manualClock(), interrupted })
  expect(seen).toEqual(['of 4', 'of 4', 'of 4', 'of 4', 'stop', 'write'])
})

test('reads the variable, and no other', async () => {
  const { dir } = await setUp()
  const env = { FIXTURES_DIR: dir, MODEL_MODE: 'record', PORT: 'x' }
  expect((await deltatape(['ls'], { env })).err).toContain('4 fixtures')
})
