/** What the sub-commands make of takes. */
import { readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '../../server/base/clock.ts'
import { instant } from '../../server/model/pace.ts'
import { createTakes } from '../../server/model/takes.ts'
import { compose, steps, words } from '../kit/answers.ts'
import {
  bodyOf,
  commitAll,
  drain,
  liveFrom,
  openTestStore,
  recordInto,
  replayFrom,
  runDeltatape,
  runStandIn,
  temporaryFolder,
} from '../kit/tools.ts'

const HI = { model: 'gpt-4.1-mini', input: 'Say hi' }

/** A folder of fixtures: three takes of one call, and one of another. */
async function setUp(hi: Readonly<Record<string, unknown>> = HI) {
  const dir = await temporaryFolder()
  const standIn = await runStandIn((_call, index) => ({
    steps: steps(
      compose(`x${index}`)
        .text(words(`answer number ${index + 1}`))
        .completed(),
    ),
  }))
  const takes = createTakes({ recordTakes: true })
  const model = recordInto(openTestStore(dir), liveFrom(standIn), { takes })
  for (const asked of [hi, hi, hi, { ...hi, input: 'Other' }]) await drain(model, asked)
  const [first = ''] = (await readdir(dir)).filter((name) => /^say-hi-\w+\.jsonl$/.test(name))
  return { dir, first, take: (number: number) => first.replace(/jsonl$/, `${number}.jsonl`) }
}

test('ls has them in their order, and tells their numbers', async () => {
  const { dir, first, take } = await setUp()
  const { out } = await runDeltatape(['ls', 'hi', '--fixtures', dir, '--json'])
  const rows: { name: string; take?: number }[] = JSON.parse(out.join('\n'))
  expect(rows.map(({ name, take: number }) => [name, number])).toEqual([
    [first, undefined],
    [take(2), 2],
    [take(3), 3],
  ])
  const table = (await runDeltatape(['ls', 'hi', '--fixtures', dir])).out
  expect(table.slice(1).map((line) => line.split(/ +/)[0])).toEqual(
    [first, take(2), take(3)].map((name) => name.replace(/\.jsonl$/, '')),
  )
})

test('show and diff take a word for the first, and a name with a number for another', async () => {
  const { dir, first, take } = await setUp()
  const shown = async (word: string) => (await runDeltatape(['show', word, '--fixtures', dir])).out
  expect((await shown('say-hi'))[0]).toBe(first)
  expect((await shown(first.slice(7, 15)))[0]).toBe(first)
  const second = await shown(take(2).replace(/\.jsonl$/, ''))
  expect(second[0]).toBe(take(2))
  expect(second.join('\n')).toMatch(/^take +2$/m)
  const { code, out } = await runDeltatape(['diff', first, take(2), '--fixtures', dir])
  expect(code).toBe(1)
  expect(out.join('\n')).toContain('answer number [-1-]{+2+}')
  await commitAll(dir)
  expect((await runDeltatape(['diff', take(2), '--fixtures', dir])).code).toBe(0)
})

test('verify finds nothing wrong with them, and tells of one that is missing, or there twice', async () => {
  const { dir, first, take } = await setUp()
  const verified = async () => {
    const { code, out } = await runDeltatape(['verify', '--fixtures', dir])
    return [code, out.join('\n')]
  }
  expect(await verified()).toEqual([0, '4 fixtures, no problems'])
  const text = await readFile(join(dir, take(2)), 'utf8')
  await rm(join(dir, take(2)))
  expect(await verified()).toEqual([1, expect.stringMatching(/\.3\.jsonl:1: it is take 3, and take 2 is missing/)])
  await rm(join(dir, first))
  expect(await verified()).toEqual([
    1,
    expect.stringMatching(/\.3\.jsonl:1: it is take 3, and takes 1 to 2 are missing/),
  ])
  await writeFile(join(dir, first), text)
  expect(await verified()).toEqual([1, expect.stringContaining(`its name should be ${take(2)}`)])
})

test('unused and prune know which takes were not used; those before a used one are needed', async () => {
  const { dir, first, take } = await setUp()
  const log = join(dir, 'used.log')
  const used = (...names: readonly string[]) =>
    writeFile(log, names.map((name) => `${JSON.stringify({ used: name })}\n`).join(''))
  const unused = async () =>
    (await runDeltatape(['unused', log, '--fixtures', dir, '--json'])).out.join('\n').match(/[\w-]+(?:\.\d)?\.jsonl/g)
  await used(take(2))
  expect(await unused()).toEqual([expect.stringMatching(/^other-/), take(3)])
  await used(first)
  expect(await unused()).toEqual([expect.stringMatching(/^other-/), take(2), take(3)])
  expect((await runDeltatape(['prune', log, '--yes', '--fixtures', dir])).code).toBe(0)
  expect((await readdir(dir)).filter((name) => name.endsWith('.jsonl'))).toEqual([first])
})

test('redact moves them together, and of calls that become one keeps the takes of one', async () => {
  const { dir } = await setUp()
  const config = join(dir, 'config.json')
  const answers = async (asked: object) => {
    const model = replayFrom(openTestStore(dir), instant, systemClock)
    const all: string[] = []
    for (let count = 0; count < 4; count++) all.push(bodyOf((await drain(model, { ...asked })).records))
    return all.map(
      (body) => /answer number \d/.exec(JSON.stringify(body.match(/"text":"(answer number \d)"/)?.[1]))?.[0],
    )
  }
  await writeFile(config, JSON.stringify({ redact: [{ pattern: 'Say hi', placeholder: '[word]' }] }))
  expect((await runDeltatape(['redact', '--apply', '--fixtures', dir, '--config', config])).code).toBe(0)
  expect((await readdir(dir)).filter((name) => /^word-\w+(?:\.[23])?\.jsonl$/.test(name))).toHaveLength(3)
  expect(await answers({ ...HI, input: '[word]' })).toEqual([1, 2, 3, 3].map((number) => `answer number ${number}`))
  expect((await runDeltatape(['verify', '--fixtures', dir])).code).toBe(0)
  await writeFile(config, JSON.stringify({ redact: [{ pattern: '\\[word\\]|Other', placeholder: '[all]' }] }))
  expect((await runDeltatape(['redact', '--apply', '--fixtures', dir, '--config', config])).code).toBe(0)
  expect((await runDeltatape(['verify', '--fixtures', dir])).out).toEqual([
    expect.stringMatching(/fixtures?, no problems/),
  ])
})

test('record sends each of them again, and each stays what it was', async () => {
  const { dir, first, take } = await setUp()
  let count = 0
  const standIn = await runStandIn(() => ({
    steps: steps(
      compose(`y${++count}`)
        .text(words(`new answer ${count}`))
        .completed(),
    ),
  }))
  const env = { OPENAI_API_KEY: 'sk-x', OPENAI_BASE_URL: standIn.url }
  const { code } = await runDeltatape(['record', 'hi', '--fixtures', dir, '--concurrency', '1'], { env })
  expect([code, standIn.calls.length]).toEqual([0, 3])
  const texts = await Promise.all([first, take(2), take(3)].map((name) => readFile(join(dir, name), 'utf8')))
  expect(new Set(texts.map((text) => /new answer \d/.exec(text)?.[0])).size).toBe(3)
  expect((await runDeltatape(['verify', '--fixtures', dir])).code).toBe(0)
})
