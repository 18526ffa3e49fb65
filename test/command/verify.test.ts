import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { samplesFrom } from '../kit/secrets.ts'
import { manualClock, runDeltatape, temporaryFolder } from '../kit/tools.ts'

const NAME = 'my-name-is-ada-3bb5b98998fd'

async function copyOfBundled(): Promise<string> {
  const dir = join(await temporaryFolder(), 'fixtures')
  await cp('fixtures', dir, { recursive: true })
  return dir
}

const edit = async (path: string, change: (text: string) => string) =>
  writeFile(path, change(await readFile(path, 'utf8')))

describe('verify', () => {
  test('says that all is well', async () => {
    expect(await runDeltatape(['verify'])).toEqual({ code: 0, out: ['29 fixtures, no problems'], err: [] })
    expect(await runDeltatape(['verify', NAME, `fixtures/${NAME}.jsonl`])).toMatchObject({
      code: 0,
      out: ['1 fixture, no problems'],
    })
  })

  test('names file, line and reason of each problem', async () => {
    const dir = await copyOfBundled()
    await edit(join(dir, `${NAME}.jsonl`), (text) => text.slice(0, -10))
    await edit(join(dir, 'spell-it-backwards-34a1a76ede8c.jsonl'), (text) =>
      text.replace('"type":"response.in_progress"', '"type":"response.\\u001b[31mred"'),
    )
    const { code, out, err } = await runDeltatape(['verify', '--fixtures', dir])
    expect([code, err]).toEqual([1, []])
    expect(out).toEqual([
      expect.stringMatching(/^.*my-name-is-ada-3bb5b98998fd\.jsonl:\d+: it is cut off in the middle of this line$/),
      expect.stringMatching(
        /^.*spell-it-backwards-34a1a76ede8c\.jsonl:\d+: warning: the installed OpenAI SDK does not know the type/,
      ),
      '1 problem and 1 warning in 2 of 29 fixtures',
    ])
    expect(out.join('')).not.toContain('\u001b')
  })

  test('lets warnings count where it is asked to', async () => {
    const dir = await copyOfBundled()
    await edit(join(dir, `${NAME}.jsonl`), (text) =>
      text.replace('"type":"response.in_progress"', '"type":"response.new"'),
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
      fixtures: 29,
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
    const clock = { ...manualClock(), date: () => new Date('2027-11-24T00:00:00Z') }
    expect((await runDeltatape(['verify', '--max-age', '90d'], { clock })).code).toBe(1)
    expect((await runDeltatape(['verify', '--max-age', '53w'], { clock })).code).toBe(0)
    const { code, err } = await runDeltatape(['verify', '--max-age', 'soon'])
    expect(code).toBe(2)
    expect(err.join('\n')).toContain('such as 12w, 30d, 36h or 90m')
  })

  test('never shows a secret, and finds the configured key', async () => {
    const dir = await copyOfBundled()
    const [{ text: key = '' } = {}] = samplesFrom(11)
    const own = 'the-configured-key'
    await edit(join(dir, `${NAME}.jsonl`), (text) => text.replace('is Ada', `is Ada ${key} ${own}`))
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
    expect((await runDeltatape(['verify', '--fixtures', dir, '--allow-empty'])).code).toBe(0)
  })

  test.each([
    ['a directory that is missing', ['--fixtures', 'nowhere'], /"nowhere" does not exist/],
    ['a file for a directory', ['--fixtures', 'package.json'], /is no directory/],
    ['a fixture that is missing', ['nothing-like-it'], /There is no fixture "nothing-like-it" in "fixtures"/],
    ['a file elsewhere', [`elsewhere/${NAME}`], /There is no fixture/],
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
