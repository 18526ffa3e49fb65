import { appendFileSync } from 'node:fs'
import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runCli } from '../../server/command/index.ts'
import { parseFixture } from '../../server/fixture/file.ts'
import { systemClock } from '../../server/base/clock.ts'
import { type Redactor, createRedactor } from '../../server/redact/redactor.ts'
import { parseRules } from '../../server/redact/rules.ts'
import { planFor } from '../../server/upkeep/rewrite.ts'
import { compose, words } from '../kit/answers.ts'
import { samplesFrom } from '../kit/secrets.ts'
import { STREAM, callOf, toRecords } from '../kit/calls.ts'
import { fakeTerminal, openTestStore, runDeltatape, temporaryFolder } from '../kit/tools.ts'

type Json = Readonly<Record<string, unknown>>

const RULES = { redact: [{ pattern: 'Ada|Bob', placeholder: '[name]' }] }
const redactor = createRedactor({}, parseRules(JSON.stringify(RULES), 'rules.json'))

/** A directory of what was recorded without rules: a conversation of three turns, and a question of its own. */
async function setUp() {
  const dir = await temporaryFolder()
  const config = join(await temporaryFolder(), 'rules.json')
  await writeFile(config, JSON.stringify(RULES))
  const store = openTestStore(dir)
  const save = async (body: Json, id: string, text: string, at = '2026-11-24T10:00:00.000Z') => {
    await store.save({
      ...(await store.identify(callOf(body))),
      response: STREAM,
      responseId: `resp_${id}`,
      recorded: { at, upstream: 'stand-in' },
      records: toRecords(compose(id).text(words(text)).completed()),
      ending: { end: 'complete' },
      endedAt: 10_000,
    })
  }
  await save({ model: 'm', input: 'I am Ada' }, 'one', 'Hi Ada')
  await save({ model: 'm', input: 'Who am I?', previous_response_id: 'resp_one' }, 'two', 'You are A da')
  await save({ model: 'm', input: 'Sure?', previous_response_id: 'resp_two' }, 'three', 'Yes')
  await save({ model: 'm', input: 'Other' }, 'four', 'Thing')
  const run = (...args: string[]) => runDeltatape(['redact', '--fixtures', dir, '--config', config, ...args])
  const verify = () => runDeltatape(['verify', '--fixtures', dir, '--config', config, '--strict'])
  return { dir, config, save, run, verify }
}

const textsIn = async (dir: string): Promise<string[]> =>
  Promise.all((await readdir(dir)).toSorted().map((name) => readFile(join(dir, name), 'utf8')))

describe('redact', () => {
  test('says what would change, and changes nothing', async () => {
    const { dir, config, run } = await setUp()
    const before = await textsIn(dir)
    const { code, out, err } = await run()
    expect([code, err]).toEqual([1, []])
    expect(out.join('\n')).toMatch(/i-am-ada-\w+\.jsonl: \[name\]\n {2}becomes i-am-name-\w+\.jsonl\n/)
    expect(out.join('\n')).toMatch(/who-am-i-\w+\.jsonl: continues one whose key changes\n {2}becomes who-am-i-/)
    const again = `npx deltatape redact --apply --fixtures ${dir} --config-file ${config}`
    expect(out.at(-1)).toBe(`3 of 4 fixtures would change. To change them: \`${again}\`.`)
    expect(await textsIn(dir)).toEqual(before)
  })

  test('changes keys and names through the whole conversation', async () => {
    const { dir, run, verify } = await setUp()
    expect((await verify()).code).toBe(1)
    expect(await run('--apply')).toMatchObject({ code: 0, err: [] })
    expect(await readdir(dir)).toHaveLength(4)
    expect((await textsIn(dir)).join('')).not.toMatch(/\bAda\b/)
    expect(await verify()).toMatchObject({ code: 0, out: ['4 fixtures, no problems'] })
    expect(await run()).toMatchObject({ code: 0, out: ['Nothing to redact in 4 fixtures.'] })
    // The conversation is found with another name, by its ids as they were.
    const store = openTestStore(dir, redactor)
    for (const body of [
      { model: 'm', input: 'I am Bob' },
      { model: 'm', input: 'Who am I?', previous_response_id: 'resp_one' },
      { model: 'm', input: 'Sure?', previous_response_id: 'resp_two' },
    ]) {
      expect(await store.find(await store.identify(callOf(body)))).toBeDefined()
    }
  })

  test('loses nothing when it is interrupted anywhere, and goes on the next time', async () => {
    for (let steps = 0; steps < 5; steps++) {
      const { dir, config, run, verify } = await setUp()
      const controller = new AbortController()
      let asked = 0
      // The signal is looked at before each file.
      const signal = new Proxy(controller.signal, {
        get: (target, name) => (name === 'aborted' ? asked++ >= steps : Reflect.get(target, name)),
      })
      const terminal = fakeTerminal()
      const code = await runCli(['redact', '--apply', '--fixtures', dir, '--config', config], {
        env: {},
        terminal,
        clock: systemClock,
        interrupted: () => signal,
      })
      if (steps < 3) expect([code, terminal.err]).toEqual([2, expect.stringContaining('Run it again')])
      else expect(code).toBe(0)
      const names = await readdir(dir)
      expect(names).toHaveLength(4)
      for (const name of names) parseFixture(await readFile(join(dir, name), 'utf8'), name)
      expect((await run('--apply')).code).toBe(0)
      expect(await verify()).toMatchObject({ code: 0 })
    }
  })

  test('keeps the newer of two that become one, and says so before it does', async () => {
    const { dir, save, run, verify } = await setUp()
    await save({ model: 'm', input: 'I am Bob' }, 'bob', 'Hi Bob', '2026-11-25T10:00:00.000Z')
    const { out } = await run()
    expect(out.join('\n')).toMatch(
      /one request: .*i-am-bob-\w+\.jsonl, .*i-am-ada-\w+\.jsonl\n {2}the first is kept as i-am-name-\w+\.jsonl, the others go/,
    )
    expect((await run('--apply')).code).toBe(0)
    const names = await readdir(dir)
    expect(names).toHaveLength(4)
    expect((await textsIn(dir)).some((text) => text.includes('resp_bob'))).toBe(true)
    expect(await verify()).toMatchObject({ code: 0 })
  })

  test('takes out what the built-in rules know, and the configured key', async () => {
    const { dir, save } = await setUp()
    const [{ text = '' } = {}] = samplesFrom(3)
    // As an older version would have kept it.
    const key = 'the-c0nfigured-key'
    await save({ model: 'm', input: `mine is ${key}` }, 'five', 'ok')
    const { code, out } = await runDeltatape(['redact', '--fixtures', dir, '--apply'], { env: { OPENAI_API_KEY: key } })
    expect(code).toBe(0)
    expect(out.join('\n')).toContain('api-key')
    expect((await textsIn(dir)).join('')).not.toContain(key)
    expect((await textsIn(dir)).join('')).not.toContain(text)
  })

  test('writes JSON for programs', async () => {
    const { run } = await setUp()
    const { code, out } = await run('--json')
    expect(code).toBe(1)
    expect(JSON.parse(out.join('\n'))).toMatchObject({
      changing: [{ kinds: ['[name]'] }, { becomes: expect.stringMatching(/who-am-i-\w+\.jsonl$/) }, {}],
      dropped: [],
      damaged: [],
      applied: false,
    })
  })

  test('leaves fixtures in their sub-directories, and marks what was edited by hand', async () => {
    const { dir, run, verify } = await setUp()
    const [name = ''] = (await readdir(dir)).filter((each) => each.startsWith('i-am-ada'))
    await mkdir(join(dir, 'old'))
    await rename(join(dir, name), join(dir, 'old', name))
    const edited = (await readFile(join(dir, 'old', name), 'utf8')).replaceAll('"delta":"Hi"', '"delta":"Ho"')
    await writeFile(join(dir, 'old', name), edited)
    expect((await run('--apply')).code).toBe(0)
    const [next = ''] = await readdir(join(dir, 'old'))
    expect(next).toMatch(/^i-am-name-\w+\.jsonl$/)
    expect(parseFixture(await readFile(join(dir, 'old', next), 'utf8'), next).recorded.edited).toBe(true)
    expect((await verify()).out.join('\n')).not.toContain('not the one that was recorded')
  })

  test('leaves what has changed since it was looked at, and names it; the rest is changed', async () => {
    const { dir, config } = await setUp()
    const [ada = ''] = (await readdir(dir)).filter((each) => each.startsWith('i-am-ada'))
    const terminal = fakeTerminal()
    const code = await runCli(['redact', '--apply', '--fixtures', dir, '--config', config], {
      env: {},
      terminal,
      clock: systemClock,
      interrupted() {
        // The plan is made, and nothing is written yet.
        appendFileSync(join(dir, ada), ' ')
        return new AbortController().signal
      },
    })
    expect(code).toBe(1)
    expect(terminal.err).toContain(`left alone: ${join(dir, ada)}.`)
    expect(terminal.out).toMatch(/\n2 of 4 fixtures changed\.\n$/)
    expect(await readFile(join(dir, ada), 'utf8')).toMatch(/ $/)
  })

  test('changes nothing at all if what is left of one would be no fixture, and says which', async () => {
    const { dir } = await setUp()
    const store = openTestStore(dir)
    const losing = { ...redactor, records: async () => [] }
    const { refused, plan } = await planFor(store, losing, fakeTerminal())
    expect(refused).toContainEqual({
      name: expect.stringMatching(/^i-am-ada-/),
      why: expect.stringContaining('its redaction leaves 0 of '),
    })
    expect(plan.filter(({ changed }) => changed)).toEqual([])
  })

  test('changes nothing at all if a piece of a secret would be left in one', async () => {
    const { dir } = await setUp()
    const left: Redactor['left'] = () => [{ kind: 'openai-key', event: 3 }]
    const { refused, plan } = await planFor(openTestStore(dir), { ...redactor, left }, fakeTerminal())
    expect(refused[0]?.why).toBe('its redaction leaves a piece of a secret (openai-key): record it again, or remove it')
    expect(plan).toEqual([])
  })

  test('leaves damaged fixtures alone, and says so', async () => {
    const { dir, run } = await setUp()
    await writeFile(join(dir, 'bad-123456789012.jsonl'), 'Ada')
    const { code, err } = await run('--apply')
    expect(code).toBe(2)
    expect(err).toEqual([expect.stringContaining('Damaged, and left alone: bad-123456789012.jsonl.')])
    expect(await readFile(join(dir, 'bad-123456789012.jsonl'), 'utf8')).toBe('Ada')
  })

  test('could not look: rules that are none', async () => {
    const { config, run } = await setUp()
    await writeFile(config, JSON.stringify({ redact: [{ pattern: '(', placeholder: 'x' }] }))
    const { code, err } = await run()
    expect(code).toBe(2)
    expect(err[0]).toContain('redact[0].pattern is no regular expression')
  })
})
