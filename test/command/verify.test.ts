import { cp, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { samplesFrom } from '../kit/secrets.ts'
import { manualClock, runDeltatape, temporaryFolder } from '../kit/tools.ts'

/** A bundled fixture that streams, without its ending. */
const bundled = async (beginning: string) =>
  ((await readdir('fixtures')).find((name) => name.startsWith(beginning)) ?? '').replace('.jsonl', '')

const NAME = await bundled('what-is-my-name')
const OTHER = await bundled('spell-it-backwards')
const COUNT = (await readdir('fixtures')).length

async function copyOfBundled(): Promise<string> {
  const dir = join(await temporaryFolder(), 'fixtures')
  await cp('fixtures', dir, { recursive: true })
  return dir
}

const edit = async (path: string, change: (text: string) => string) =>
  writeFile(path, change(await readFile(path, 'utf8')))

describe('verify', () => {
  test('says that all is well', async () => {
    expect(await runDeltatape(['verify'])).toEqual({ code: 0, out: [`${COUNT} fixtures, no problems`], err: [] })
  })

  test('checks those that are named: by a name, the beginning of one or of a key, or a path; each once', async () => {
    const words = [NAME, `fixtures/${NAME}.jsonl`, NAME.slice(0, 12), NAME.slice(-12), 'spell-it']
    expect(await runDeltatape(['verify', ...words])).toEqual({ code: 0, out: ['2 fixtures, no problems'], err: [] })
  })

  test('checks a file elsewhere by its path', async () => {
    const dir = await temporaryFolder()
    const path = join(dir, 'mine.jsonl')
    await cp(`fixtures/${NAME}.jsonl`, path)
    expect(await runDeltatape(['verify', path])).toEqual({
      code: 1,
      out: [
        `${path}:1: its name should be ${NAME}.jsonl`,
        '1 problem in 1 of 1 fixture',
        'What has another name: rename it so.',
      ],
      err: [],
    })
  })

  test('reads sub-directories', async () => {
    const dir = await copyOfBundled()
    await mkdir(join(dir, 'old'))
    await rename(join(dir, `${NAME}.jsonl`), join(dir, 'old', `${NAME}.jsonl`))
    expect((await runDeltatape(['verify', '--fixtures', dir])).out).toEqual([`${COUNT} fixtures, no problems`])
    await edit(join(dir, 'old', `${NAME}.jsonl`), (text) => text.replace('"end":"complete"', '"end":"reset"'))
    expect((await runDeltatape(['verify', '--fixtures', dir, NAME])).out[0]).toContain(
      join(dir, 'old', `${NAME}.jsonl:`),
    )
  })

  test('names file, line and reason of each problem', async () => {
    const dir = await copyOfBundled()
    await edit(join(dir, `${NAME}.jsonl`), (text) => text.slice(0, -10))
    await edit(join(dir, `${OTHER}.jsonl`), (text) =>
      text
        .replace('"type":"response.in_progress"', '"type":"response.\\u001b[31mred"')
        .replace('"recorded":{', '"recorded":{"edited":true,'),
    )
    const { code, out, err } = await runDeltatape(['verify', '--fixtures', dir])
    expect([code, err]).toEqual([1, []])
    expect(out).toEqual([
      expect.stringMatching(
        /^.*spell-it-backwards-\w+\.jsonl:\d+: warning: unusual, and replayed as it is: types of events/,
      ),
      expect.stringMatching(/^.*what-is-my-name-\w+\.jsonl:\d+: it is cut off in the middle of this line$/),
      `1 problem and 1 warning in 2 of ${COUNT} fixtures`,
      'What is damaged: restore it (git checkout), or remove it and record it again (MODEL_MODE=auto).',
    ])
    expect(out.join('')).not.toContain('\u001b')
  })

  test('lets warnings count if it is asked to', async () => {
    const dir = await copyOfBundled()
    await edit(join(dir, `${NAME}.jsonl`), (text) =>
      text
        .replace('"type":"response.in_progress"', '"type":"response.new"')
        .replace('"recorded":{', '"recorded":{"edited":true,'),
    )
    expect((await runDeltatape(['verify', '--fixtures', dir])).code).toBe(0)
    expect((await runDeltatape(['verify', '--fixtures', dir, '--strict'])).code).toBe(1)
  })

  test('writes JSON for programs', async () => {
    const dir = await copyOfBundled()
    await edit(join(dir, `${NAME}.jsonl`), (text) => text.slice(0, -10))
    const { code, out } = await runDeltatape(['verify', '--fixtures', dir, '--json'])
    expect(code).toBe(1)
    expect(z.json().parse(JSON.parse(out.join('\n')))).toEqual({
      fixtures: COUNT,
      errors: 1,
      warnings: 0,
      problems: [
        {
          file: join(dir, `${NAME}.jsonl`),
          line: expect.any(Number),
          kind: 'cut-off',
          severity: 'error',
          message: 'it is cut off in the middle of this line',
        },
      ],
    })
  })

  test('reports what is too old', async () => {
    const clock = { ...manualClock(), date: () => new Date('2027-11-26T00:00:00Z') }
    expect((await runDeltatape(['verify', '--max-age', '90d'], { clock })).code).toBe(1)
    expect((await runDeltatape(['verify', '--max-age', '53w'], { clock })).code).toBe(0)
    const { code, err } = await runDeltatape(['verify', '--max-age', 'soon'])
    expect(code).toBe(2)
    expect(err.join('\n')).toContain('such as 12w, 30d, 36h or 90m')
  })

  test('never shows a secret, and finds the configured key', async () => {
    const dir = await copyOfBundled()
    const [{ text: key = '' } = {}] = samplesFrom(11)
    const own = 'the-c0nfigured-key'
    await edit(join(dir, `${NAME}.jsonl`), (text) => text.replace('my name?', `my name? ${key} ${own}`))
    const { code, out } = await runDeltatape(['verify', '--fixtures', dir], { env: { OPENAI_API_KEY: own } })
    expect(code).toBe(1)
    expect(out.join('\n')).toContain(':1: it holds secrets: openai-key, api-key')
    expect(out.join('\n')).not.toContain(key)
    expect(out.join('\n')).not.toContain(own)
  })

  test('minds a directory without fixtures, unless it is told not to', async () => {
    const dir = await temporaryFolder()
    expect(await runDeltatape(['verify', '--fixtures', dir])).toMatchObject({
      code: 1,
      out: [expect.stringContaining('There are no fixtures in')],
    })
    expect(await runDeltatape(['verify', '--fixtures', dir, '--allow-empty'])).toEqual({
      code: 0,
      out: ['0 fixtures, no problems'],
      err: [],
    })
  })

  test('tells programs of such a directory what its exit code says', async () => {
    const dir = await temporaryFolder()
    const told = async (...args: string[]) => {
      const { code, out } = await runDeltatape(['verify', '--json', '--fixtures', dir, ...args])
      return [code, JSON.parse(out.join('\n'))] as const
    }
    expect(await told()).toEqual([
      1,
      {
        fixtures: 0,
        errors: 1,
        warnings: 0,
        problems: [
          {
            file: dir,
            line: 1,
            kind: 'empty',
            severity: 'error',
            message: expect.stringContaining('There are no fixtures in'),
          },
        ],
      },
    ])
    expect(await told('--allow-empty')).toEqual([0, { fixtures: 0, errors: 0, warnings: 0, problems: [] }])
  })

  test.each([
    ['a directory that is missing', ['--fixtures', 'nowhere'], /"nowhere" does not exist/],
    ['a file for a directory', ['--fixtures', 'package.json'], /is no directory/],
    ['a fixture that is missing', ['nothing-like-it'], /No fixture in "fixtures" has a name or key that begins with/],
    ['a path that leads nowhere', [`elsewhere/${NAME}`], /No fixture in "fixtures"/],
    ['a word that means several', ['my-name'], /"my-name" may mean \d fixtures/],
    ['a flag that there is not', ['--colour'], /unknown option/],
  ])('could not check: %s', async (_what, args, message) => {
    const { code, err } = await runDeltatape(['verify', ...args])
    expect(code).toBe(2)
    expect(err.join('\n')).toMatch(message)
  })

  test('minds no variable that is none of its business', async () => {
    expect((await runDeltatape(['verify'], { env: { MODEL_MODE: 'record', PORT: 'x' } })).code).toBe(0)
  })

  test('reports a file that cannot be read, and goes on', async () => {
    const dir = await copyOfBundled()
    await rm(join(dir, `${NAME}.jsonl`))
    await mkdir(join(dir, `${NAME}.jsonl`))
    const { code, out } = await runDeltatape(['verify', '--fixtures', dir])
    expect(code).toBe(1)
    expect(out[0]).toContain(`${NAME}.jsonl:1: it cannot be read: EISDIR`)
  })
})
