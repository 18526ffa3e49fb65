/** All of the command on every engine, each time as a process of its own that ends by itself. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { parseObject } from '../../server/base/json.ts'
import type { Store } from '../../server/store/store.ts'
import { usedLine } from '../../server/store/usage.ts'
import { compose, paced, words } from '../kit/answers.ts'
import { callOf } from '../kit/calls.ts'
import { freePort } from '../kit/ports.ts'
import { runStandIn, temporaryFolder } from '../kit/tools.ts'
import { answerOf, fixtureFor } from '../store/kit.ts'
import { machineOn, onEngines } from '../store/places.ts'

interface Ran {
  readonly code: unknown
  readonly out: string
  readonly err: string
}

type Env = Readonly<Record<string, string>>

/** What a shell of somebody who has a bucket has. */
const SHELL = Object.fromEntries(
  ['PATH', 'HOME', ...Object.keys(process.env).filter((name) => name.startsWith('AWS_'))].map((name) => [
    name,
    process.env[name] ?? '',
  ]),
)

function begin(args: readonly string[], env: Env): ChildProcess {
  const child = spawn(process.execPath, ['server/cli.ts', ...args], { env: { ...SHELL, ...env } })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

async function run(args: readonly string[], env: Env = {}): Promise<Ran> {
  const child = begin(args, env)
  const told = { out: '', err: '' }
  child.stdout?.on('data', (text) => (told.out += String(text)))
  child.stderr?.on('data', (text) => (told.err += String(text)))
  const [code] = await once(child, 'close')
  expect(told.err).not.toMatch(/^ +at /m)
  return { code, ...told }
}

const ask = (input: string, previous?: string) =>
  callOf({ model: 'gpt-4.1-mini', input, ...(previous === undefined ? {} : { previous_response_id: previous }) })

/** A conversation of two turns, and a question that nobody asks any more. */
async function filled(place: string): Promise<{ store: Store; names: readonly string[] }> {
  const store = machineOn(place)
  const names: string[] = []
  for (const [input, seed, previous] of [
    ['My name is Ada', 'a1'],
    ['What is my name?', 'a2', 'resp_a1'],
    ['Count to ten', 'c1'],
  ] as const) {
    const fixture = await fixtureFor(store, ask(input, previous), answerOf(seed, `${input} it is.`))
    names.push((await store.save(fixture)).name)
  }
  return { store, names }
}

onEngines('the command', (fresh, engine) => {
  test('shows, searches, checks and compares what is there', async () => {
    const FIXTURES = await fresh()
    const { names, store } = await filled(FIXTURES)
    const [first = '', second = ''] = names
    const [ls, found, show, verify, diff, apart, git, dry, none] = await Promise.all([
      run(['ls', '--json'], { FIXTURES }),
      run(['ls', 'ada', '--fixtures', FIXTURES]),
      run(['show', store.pathOf(names[2] ?? ''), '--fixtures', FIXTURES]),
      run(['verify', '--link'], { FIXTURES }),
      run(['diff', first, second], { FIXTURES }),
      run(['diff', 'count', 'count'], { FIXTURES }),
      run(['diff', 'count'], { FIXTURES }),
      run(['record', '--dry-run'], { FIXTURES }),
      run(['show', 'nothing'], { FIXTURES }),
    ])
    expect(JSON.parse(ls.out).map(({ name }: { name: string }) => name)).toEqual(names.toSorted())
    expect(ls.code).toBe(0)
    expect([found.code, found.err]).toEqual([0, '1 of 3 fixtures\n'])
    expect(show).toMatchObject({ code: 0, out: expect.stringContaining('Count to ten it is.') })
    expect(verify).toMatchObject({ code: 0, out: '3 fixtures, no problems\n' })
    expect([diff.code, apart.code]).toEqual([1, 0])
    expect(git).toMatchObject({ code: 2, err: expect.stringMatching(/it is on an engine.*Give a second fixture\.\n$/) })
    expect(dry).toMatchObject({ code: 0, out: expect.stringContaining(`    ${second}`) })
    expect(none).toMatchObject({ code: 2, err: expect.stringContaining(JSON.stringify(store.place)) })
  })

  test('tells and takes away what no run used', async () => {
    const FIXTURES = await fresh()
    const { names, store } = await filled(FIXTURES)
    const [, second = '', third = ''] = names
    const log = join(await temporaryFolder(), 'used.jsonl')
    await writeFile(log, usedLine(second))
    const [unused, verify, dry] = await Promise.all([
      run(['unused', log], { FIXTURES }),
      run(['verify', '--unused', log], { FIXTURES }),
      run(['prune', log, '--dry-run'], { FIXTURES }),
    ])
    for (const { code, out } of [unused, verify, dry]) {
      expect(code).toBe(1)
      expect(out).toContain(`${store.pathOf(third)}`)
    }
    expect(await run(['prune', log, '--yes'], { FIXTURES })).toMatchObject({
      code: 0,
      out: expect.stringContaining('Removed 1 fixture.'),
    })
    expect(await store.list()).toEqual(names.slice(0, 2).toSorted())
  })

  test('redacts, and says the command that does it', async () => {
    const place = `${await fresh()}${engine === 's3' ? '/it is' : ''}`
    const store = machineOn(place)
    await store.save(await fixtureFor(store, ask('I am ada@example.com'), answerOf('x', 'Hello ada@example.com')))
    const config = join(await temporaryFolder(), 'rules.json')
    await writeFile(config, JSON.stringify({ redact: [{ pattern: '[a-z]+@example\\.com', placeholder: '[email]' }] }))
    const flags = ['--fixtures', place, '--config', config]
    const first = await run(['redact', ...flags])
    expect(first.code).toBe(1)
    if (engine === 's3') expect(first.out).toContain(`npx deltatape redact --apply --fixtures '${place}' --config`)
    else expect(first.out).toContain(`npx deltatape redact --apply --fixtures '${engine}://`)
    expect(await run(['redact', '--apply', ...flags])).toMatchObject({ code: 0 })
    const [name = ''] = await store.list()
    expect(await store.text(name)).not.toContain('ada@')
    expect(await run(['redact', ...flags])).toMatchObject({ code: 0 })
  })

  test('records anew, writes, exports and runs', async () => {
    const FIXTURES = await fresh()
    const { names, store } = await filled(FIXTURES)
    const standIn = await runStandIn(({ body }, index) => ({
      steps: paced(
        compose(`n${index}`)
          .text(words(`${String(body.input)} now.`))
          .completed(),
        'x',
        0,
      ),
    }))
    const env = { FIXTURES, OPENAI_BASE_URL: standIn.url, OPENAI_API_KEY: 'any-key' }
    const recorded = await run(['record'], env)
    expect(recorded).toMatchObject({ code: 0, err: '' })
    expect(await store.list()).toEqual(names.toSorted())
    for (const name of names) expect(await store.text(name)).toContain('now.')
    const html = join(await temporaryFolder(), 'one.html')
    const program = `
      const answer = await fetch(process.env.OPENAI_BASE_URL + '/responses', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'gpt-4.1-mini', input: 'Count to ten', stream: true }),
      })
      console.log(answer.status, (await answer.text()).includes('Count to ten now.'))`
    const [written, exported, ran] = await Promise.all([
      run(['write', '--input', 'Say hi', '--text', 'Hello', '--fixtures', FIXTURES]),
      run(['export', 'count-to', '--output', html], { FIXTURES }),
      run(['run', '--', process.execPath, '--input-type=module', '-e', program], { FIXTURES }),
    ])
    expect(written).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Wrote \S+say-hi-.*npx deltatape show \w+ --fixtures /s),
    })
    if (exported.code === 0) expect(await readFile(html, 'utf8')).toContain('Count to ten now.')
    else expect(exported.err).toContain('The page was not built')
    expect(ran).toMatchObject({ code: 0, out: '200 true\n' })
    expect(await store.list()).toHaveLength(4)
  })

  test('serves, with the page, and ends at once', async () => {
    const FIXTURES = await fresh()
    const { names, store } = await filled(FIXTURES)
    const [first = '', second = ''] = names
    const port = await freePort()
    const child = begin(['serve', '--port', String(port), '--pace', 'instant'], { FIXTURES, LOG_FORMAT: 'json' })
    const listens = Promise.withResolvers<void>()
    if (child.stdout)
      createInterface(child.stdout).on('line', (line) => {
        if (String(parseObject(line)?.msg ?? line).includes('listens on')) listens.resolve()
      })
    const ended = once(child, 'exit')
    void ended.then(() => listens.reject(new Error('It ended.')))
    await listens.promise
    const get = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text()
    const said = await Promise.all([
      get('/page/fixtures'),
      get('/page/search?q=ada'),
      get(`/page/fixture?name=${encodeURIComponent(first)}`),
      get(`/page/raw?name=${encodeURIComponent(first)}`),
      get(`/page/compare?name=${encodeURIComponent(first)}&other=${encodeURIComponent(second)}`),
      get('/ready'),
    ])
    expect(said[0]).toContain(second)
    expect(said[1]).toContain(first)
    expect(said[2]).toContain('My name is Ada it is.')
    expect(said[3]).toBe(await store.text(first))
    // An address with a user stands in FIXTURES alone.
    expect(said[4]).toContain(FIXTURES.includes('@') ? 'npx deltatape diff ' : 'npx deltatape diff --fixtures')
    expect(said[5]).toContain('ok')
    const answer = await fetch(`http://127.0.0.1:${port}/v1/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(ask('What is my name?', 'resp_a1').content),
    })
    expect([answer.status, (await answer.text()).includes('What is my name? it is.')]).toEqual([200, true])
    child.kill('SIGTERM')
    expect((await ended)[0]).toBe(0)
  })
})

test('an engine that is away, refuses, or is none is told in one line, and no password with it', async () => {
  const away = `127.0.0.1:${await freePort()}`
  const places = [
    `redis://ada:hunter22@${away}/0`,
    `postgres://ada:hunter22@${away}/db`,
    's3://bucket/prefix',
    'gs://ada:hunter22@b',
  ]
  const env = {
    AWS_ENDPOINT_URL_S3: `http://${away}`,
    AWS_ACCESS_KEY_ID: 'k',
    AWS_SECRET_ACCESS_KEY: 'hunter22',
    AWS_REGION: 'r',
  }
  const runs = await Promise.all(
    places.map((place, index) =>
      run([['ls', 'verify', 'record', 'show'][index] ?? '', ...(index === 3 ? ['x'] : [])], {
        ...env,
        FIXTURES: place,
        OPENAI_API_KEY: 'k',
      }),
    ),
  )
  for (const { code, out, err } of runs) {
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(/^deltatape: .*\n$/)
    expect(err).not.toContain('hunter22')
  }
  for (const [index, told] of [`redis://${away}`, `postgres://${away}`, 's3://bucket', 'no engine for gs://'].entries())
    expect(runs[index]?.err).toContain(told)
})
