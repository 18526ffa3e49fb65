import { readFile, readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runCli } from '../../server/command/index.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { readRules } from '../../server/redact/rules.ts'
import { systemClock } from '../../server/base/clock.ts'
import { compose, steps, words } from '../kit/answers.ts'
import { callOf } from '../kit/calls.ts'
import { getCall } from '../kit/fixtures.ts'
import type { Answer, Call, StandIn } from '../kit/standin.ts'
import {
  openTestStore,
  drain,
  fakeTerminal,
  ignoredFolder,
  liveFrom,
  recordInto,
  runStandIn,
  temporaryFolder,
} from '../kit/tools.ts'

/** What the upstream does to its events, since the fixtures were recorded. */
type Change = (event: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>[]

/** Counts the answers, so that each has an id of its own. */
function upstream(change: Change = (event) => [event]) {
  let count = 0
  return ({ body }: Call): Answer => {
    const input = String(body.input)
    if (input.startsWith('refuse')) return { status: 429, body: '{"error":{"message":"Slow down."}}' }
    const seed = `${count++}`
    return {
      steps: steps(
        compose(seed)
          .text(words(`You said: ${input}`))
          .completed()
          .flatMap(change),
      ),
    }
  }
}

/** A folder with a fixture for each request, recorded from an upstream as it was. */
async function recorded(bodies: readonly Readonly<Record<string, unknown>>[], recordFailures = true): Promise<string> {
  const dir = await temporaryFolder()
  const model = recordInto(openTestStore(dir), liveFrom(await runStandIn(upstream())), { recordFailures })
  for (const body of bodies) await drain(model, { model: 'm', ...body })
  return dir
}

/** A conversation of three turns, as it was recorded. */
const CONVERSATION = [
  { input: 'I am Ada' },
  { input: 'My name?', previous_response_id: 'resp_0' },
  { input: 'Spell it', previous_response_id: 'resp_1' },
]

async function run(dir: string, { url }: Pick<StandIn, 'url'>, args: readonly string[] = [], abort?: AbortController) {
  const terminal = fakeTerminal()
  // Ctrl-C comes as soon as one fixture is done.
  if (abort) terminal.progress = () => ({ step: () => abort.abort(), stop: () => {} })
  const code = await runCli(['record', '--fixtures', dir, ...args], {
    env: { OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: url },
    terminal,
    clock: systemClock,
    interrupted: () => (abort ?? new AbortController()).signal,
  })
  return { code, out: terminal.out, err: terminal.err, notes: terminal.notes }
}

const textsIn = async (dir: string) => {
  const names = (await readdir(dir)).toSorted()
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(dir, name), 'utf8')] as const)),
  )
}

const headersIn = async (dir: string) =>
  new Map((await openTestStore(dir).survey()).candidates.map((header) => [String(header.request.input), header]))

/** Nobody listens there. */
async function deadUpstream() {
  const standIn = await runStandIn(upstream())
  await standIn.close()
  return standIn
}

describe('record', () => {
  test('says that git ignores what it has recorded', async () => {
    const dir = await ignoredFolder()
    const model = recordInto(openTestStore(dir), liveFrom(await runStandIn(upstream())))
    await drain(model, { model: 'm', input: 'Say hi' })
    const again = await runStandIn(() => ({ steps: steps(compose('again').text(['Ho']).completed()) }))
    const { err } = await run(dir, again)
    expect(err).toMatch(/^deltatape: git ignores a fixture by line 1 of \.gitignore/m)
    expect((await run(dir, again, ['--check'])).err).not.toContain('git')
  })

  test("redacts by the user's own rules, and knows what they took out of a request", async () => {
    const rules = join(await temporaryFolder(), 'rules.json')
    await writeFile(rules, '{"redact":[{"pattern":"[a-z]+@example\\\\.com","placeholder":"[email]"}]}')
    const own = createRedactor({}, readRules(rules))
    const dir = await temporaryFolder()
    const model = recordInto(openTestStore(dir, own), liveFrom(await runStandIn(upstream())), { redactor: own })
    await drain(model, { model: 'm', input: 'Say hi' })
    await drain(model, { model: 'm', input: 'Write to ada@example.com' })
    const standIn = await runStandIn(() => ({
      steps: steps(compose('again').text(['Ask bob@', 'example', '.com']).completed()),
    }))
    const { code, out } = await run(dir, standIn, ['--config', rules])
    expect(standIn.calls.map(({ body }) => body.input)).toEqual(['Say hi'])
    expect(out).toContain('its request holds [email]')
    expect(code).toBe(0)
    const texts = Object.values(await textsIn(dir)).join('')
    expect(texts).toContain('Ask [email]')
    expect(texts).not.toContain('bob@')
  })

  test('a conversation of three turns, with the new ids, under the same keys', async () => {
    const dir = await recorded(CONVERSATION)
    const before = await headersIn(dir)
    let count = 10
    const standIn = await runStandIn(({ body }) => ({
      steps: steps(
        compose(`${count++}`)
          .text([String(body.input)])
          .completed(),
      ),
    }))
    const { code, out, notes } = await run(dir, standIn)
    expect([code, out]).toEqual([0, '3 refreshed, 0 unchanged, 0 failed\n48 tokens in, 3 out\n'])
    expect(notes.at(-1)).toBe('48 tokens in, 3 out')
    expect(standIn.calls.map(({ body }) => [body.input, body.previous_response_id, body.stream])).toEqual([
      ['I am Ada', undefined, true],
      ['My name?', 'resp_10', true],
      ['Spell it', 'resp_11', true],
    ])
    const after = await headersIn(dir)
    expect([...after.values()].map(({ name }) => name)).toEqual([...before.values()].map(({ name }) => name))
    expect(after.get('Spell it')).toMatchObject({
      responseId: 'resp_12',
      previousKey: after.get('My name?')?.key,
      request: { previous_response_id: 'resp_11' },
    })
  })

  test('what each app sent, under the same keys: no `stream` that was not there, and what does not count for the key', async () => {
    const dir = await temporaryFolder()
    const answer = ({ body }: Call): Answer => {
      if (body.store !== false) return { status: 400, body: '{"error":{"message":"Store must be set to false"}}' }
      const events = compose('a').text(['Noted.']).completed()
      return body.stream === true ? { steps: steps(events) } : { body: JSON.stringify(events.at(-1)?.response) }
    }
    const model = recordInto(openTestStore(dir), liveFrom(await runStandIn(answer)))
    const asked = [
      { model: 'm', input: 'A private matter', store: false, service_tier: 'flex' },
      { model: 'm', input: 'Another', store: false, stream: true, metadata: { user: 'u' } },
    ]
    for (const body of asked) await drain(model, callOf({ stream: undefined, ...body }))
    const before = await readdir(dir)
    const standIn = await runStandIn(answer)
    const { code, out } = await run(dir, standIn)
    expect([code, out]).toEqual([0, '0 refreshed, 2 unchanged, 0 failed\n32 tokens in, 2 out\n'])
    expect(standIn.calls.map(({ body }) => body)).toEqual(expect.arrayContaining(asked))
    expect(await readdir(dir)).toEqual(before)
  })

  test('calls to other APIs, with their method, path and query', async () => {
    const dir = await temporaryFolder()
    const old = await runStandIn(() => ({ body: '{"data":["a"]}', headers: { 'content-type': 'application/json' } }))
    const model = recordInto(openTestStore(dir), liveFrom(old))
    await drain(model, getCall('/v1/files', { query: '?limit=2' }))
    await drain(model, callOf({ input: 'a', stream: undefined }, { path: '/v1/embeddings' }))
    const standIn = await runStandIn(() => ({
      body: '{"data":["b"]}',
      headers: { 'content-type': 'application/json' },
    }))
    const { code, out } = await run(dir, standIn)
    expect([code, out]).toEqual([0, expect.stringContaining('2 refreshed, 0 unchanged, 0 failed')])
    expect(standIn.calls.map(({ method, path, body }) => [method, path, body]).toSorted()).toEqual([
      ['GET', '/v1/files?limit=2', {}],
      ['POST', '/v1/embeddings', { input: 'a' }],
    ])
    for (const text of Object.values(await textsIn(dir))) expect(text).toContain('"body":{"data":["b"]}')
  })

  test('a turn that is selected alone, from the beginning of its conversation', async () => {
    const dir = await recorded([...CONVERSATION, { input: 'Other' }])
    const standIn = await runStandIn(upstream())
    const { out } = await run(dir, standIn, ['spell'])
    expect(out).toContain('0 refreshed, 3 unchanged')
    expect(standIn.calls.map(({ body }) => body.input)).toEqual(['I am Ada', 'My name?', 'Spell it'])
  })

  test('what is old enough, or of a model', async () => {
    const dir = await recorded([{ input: 'a' }, { input: 'b', model: 'large' }])
    const standIn = await runStandIn(upstream())
    expect(await run(dir, standIn, ['--older-than', '30d'])).toMatchObject({
      code: 0,
      out: 'Nothing was recorded so long ago.\n',
    })
    const told = async (flag: string) =>
      JSON.parse((await run(dir, standIn, ['--older-than', '30d', '--json', flag])).out)
    expect(await told('--check')).toMatchObject({ task: 'check', fixtures: [] })
    expect(await told('--dry-run')).toEqual({ would_send: [], others: [] })
    await run(dir, standIn, ['--model', 'large'])
    expect(standIn.calls.map(({ body }) => body.model)).toEqual(['large'])
  })

  test('a failure never replaces a good fixture', async () => {
    const dir = await recorded([{ input: 'a' }, { input: 'b' }])
    const before = await textsIn(dir)
    const answer = upstream()
    const standIn = await runStandIn((call) =>
      call.body.input === 'a' ? { status: 500, body: '{"error":{"message":"Oh no"}}' } : answer(call),
    )
    for (const flags of [[], ['--record-failures']]) {
      const { code, out } = await run(dir, standIn, flags)
      expect(code).toBe(1)
      expect(out).toMatch(/^failed \(1\): The API refused the request with HTTP 500: Oh no\.\n {2}a-\w+\.jsonl$/m)
      const name = Object.keys(before).find((each) => each.startsWith('a-')) ?? ''
      expect((await textsIn(dir))[name]).toBe(before[name])
    }
  })

  test('a recorded failure stays if it fails again, is saved anew if that is asked for, and is replaced by a success', async () => {
    const dir = await recorded([{ input: 'refuse' }])
    const [name = ''] = await readdir(dir)
    const before = await textsIn(dir)
    const standIn = await runStandIn(upstream())
    const again = await run(dir, standIn)
    expect(again).toMatchObject({ code: 0, out: expect.stringContaining('recorded failures that failed again') })
    expect(await textsIn(dir)).toEqual(before)
    const other = await runStandIn(() => ({ status: 500, body: '{}' }))
    expect(await run(dir, other)).toMatchObject({ code: 2, out: expect.stringContaining('0 unchanged, 1 failed') })
    expect(await run(dir, other, ['--record-failures'])).toMatchObject({ code: 0 })
    expect((await textsIn(dir))[name]).toContain('"status":500')
    await run(dir, await runStandIn(() => ({ steps: steps(compose('x').text(['Hi']).completed()) })))
    expect((await textsIn(dir))[name]).toContain('"end":"complete"')
  })

  test('a request that was redacted is skipped, and named', async () => {
    const dir = await recorded([{ input: `My key is AKIA${'IOSFODNN7EXAMPLE'}` }, { input: 'b' }])
    const standIn = await runStandIn(upstream())
    const { code, out } = await run(dir, standIn)
    expect(code).toBe(0)
    expect(standIn.calls.map(({ body }) => body.input)).toEqual(['b'])
    expect(out).toContain('skipped (1): its request holds [redacted:aws-key]')
    expect((await run(dir, standIn, ['key'])).code).toBe(2)
  })

  test('a fixture that was cut off is whole again', async () => {
    const dir = await recorded([{ input: 'a' }])
    const [name = ''] = await readdir(dir)
    const text = await readFile(join(dir, name), 'utf8')
    await writeFile(join(dir, name), text.slice(0, -30))
    expect((await run(dir, await runStandIn(upstream()))).code).toBe(0)
    expect(await readFile(join(dir, name), 'utf8')).toContain('"end":"complete"')
  })

  test('Ctrl-C breaks off what runs, keeps what is saved whole, and says how much is left', async () => {
    const dir = await recorded([{ input: 'a' }, { input: 'b' }, { input: 'c' }, { input: 'd' }])
    const before = await textsIn(dir)
    const abort = new AbortController()
    const standIn = await runStandIn(({ body }) => {
      const events = compose(`new_${String(body.input)}`).text(['Hi'])
      return { steps: body.input === 'a' ? steps(events.completed()) : [...steps(events.events), 'hang'] }
    })
    const { code, err } = await run(dir, standIn, ['--concurrency', '2'], abort)
    expect([code, err]).toEqual([2, 'deltatape: Interrupted: 1 of 4 were done, 3 were not; every fixture is whole.\n'])
    const after = await textsIn(dir)
    expect(Object.keys(after)).toEqual(Object.keys(before))
    const changed = Object.keys(after).filter((name) => after[name] !== before[name])
    expect(changed).toEqual([expect.stringMatching(/^a-/)])
    expect((await openTestStore(dir).survey()).damaged).toEqual([])
  })

  test('--dry-run sends nothing, needs no key, and lists what would be sent', async () => {
    const dir = await recorded([...CONVERSATION, { input: `My AKIA${'IOSFODNN7EXAMPLE'}` }])
    const terminal = fakeTerminal()
    const world = {
      env: { FIXTURES_DIR: dir },
      terminal,
      clock: systemClock,
      interrupted: () => new AbortController().signal,
    }
    expect(await runCli(['record', '--dry-run', 'my'], world)).toBe(0)
    expect(terminal.out.replaceAll(/-[0-9a-f]{12}/g, '')).toBe(`\
Would send 2 requests:
  i-am-ada.jsonl (for what follows it)
    my-name.jsonl
Would not send:
  my-redacted-aws-key.jsonl
    its request holds [redacted:aws-key]: what stood there is not known any more
`)
    terminal.out = ''
    await runCli(['record', '--dry-run', '--json', 'name'], world)
    expect(JSON.parse(terminal.out)).toMatchObject({
      would_send: [{ selected: false }, { selected: true }],
      others: [],
    })
  })
})

describe('what cannot be', () => {
  test.each([
    [['--concurrency', '0'], 'It must be a whole number from 1 to 64.'],
    [['--older-than', 'soon'], 'An age must be a number of weeks, days, hours or minutes'],
    [['nothing', 'like', 'that'], 'No fixture in'],
    [['--fixtures', 'nowhere'], 'The fixtures directory "nowhere" does not exist'],
    [['--turn-timeout-ms', 'x'], 'TURN_TIMEOUT_MS must be'],
    [['--api-key', ' '], 'OPENAI_API_KEY is missing, and record sends requests to the API'],
  ])('%j is told, with exit code 2', async (args, message) => {
    const dir = await recorded([{ input: 'a' }])
    expect(await run(dir, await runStandIn(upstream()), args)).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining(message),
    })
  })

  test('an upstream that is dead', async () => {
    const dir = await recorded(CONVERSATION)
    const before = await textsIn(dir)
    const { code, out } = await run(dir, await deadUpstream())
    expect(code).toBe(2)
    expect(out).toContain('failed (1): The API could not be reached: ECONNREFUSED.')
    expect(out).toContain('failed (2): The answer that it continues failed.')
    expect(await textsIn(dir)).toEqual(before)
  })

  test('a fixture whose request nobody can read', async () => {
    const dir = await recorded([{ input: 'a' }, { input: 'b' }])
    const [name = ''] = await readdir(dir)
    await writeFile(join(dir, name), 'nonsense')
    const { code, out } = await run(dir, await runStandIn(upstream()))
    expect(code).toBe(1)
    expect(out).toContain('failed (1): The fixture is damaged in its first line')
  })
})

describe('--check', () => {
  const onDelta =
    (change: (event: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>): Change =>
    (event) => [event.type === 'response.output_text.delta' ? change(event) : event]

  test.each<[string, Change, string]>([
    [
      'gained a member',
      onDelta((event) => ({ ...event, rank: 1 })),
      '  response.output_text.delta\n    + rank: number',
    ],
    [
      'lost a member',
      onDelta(({ logprobs: _logprobs, ...event }) => event),
      '  response.output_text.delta\n    - logprobs: array',
    ],
    [
      'changed a type',
      onDelta((event) => ({ ...event, output_index: '0' })),
      '  response.output_text.delta\n    ~ output_index: number → string',
    ],
    [
      'lost a member of some events',
      onDelta(({ logprobs, ...event }) => (Number(event.sequence_number) % 2 === 0 ? event : { ...event, logprobs })),
      '  response.output_text.delta\n    - logprobs: array, which only some have now',
    ],
    [
      'put something into an array that was always empty',
      onDelta((event) => ({ ...event, logprobs: [{ token: 'x' }] })),
      '  response.output_text.delta\n    + logprobs[]: object',
    ],
    [
      'grew a type of event',
      (event) => (event.type === 'response.completed' ? [{ type: 'response.shiny' }, event] : [event]),
      '  response.shiny\n    + this type of event is new',
    ],
  ])('an upstream that %s', async (_what, change, told) => {
    const dir = await recorded(CONVERSATION)
    const before = await textsIn(dir)
    const { code, out } = await run(dir, await runStandIn(upstream(change)), ['--check'])
    expect(code).toBe(1)
    expect(out.replaceAll(/-[0-9a-f]{12}/g, '')).toContain(
      `drift in 3 fixtures\n${told}\n  in i-am-ada.jsonl\n     my-name.jsonl\n     spell-it.jsonl\n`,
    )
    expect(await textsIn(dir)).toEqual(before)
  })

  test('the same upstream, whose texts and ids are others: nothing', async () => {
    const dir = await recorded([...CONVERSATION, { input: 'refuse' }])
    const before = await textsIn(dir)
    const standIn = await runStandIn(({ body }) => ({
      steps: steps(
        compose(`n${String(body.input)}`)
          .text(words('Something else that is longer'))
          .completed(),
      ),
    }))
    const { code, out } = await run(dir, standIn, ['--check'])
    expect([code, out.split('\n').at(-3)]).toEqual([0, '3 the same, 0 with drift, 0 could not check, 1 skipped'])
    expect(standIn.calls.map(({ body }) => body.previous_response_id)).toEqual([
      undefined,
      'resp_nI am Ada',
      'resp_nMy name?',
    ])
    expect(await textsIn(dir)).toEqual(before)
  })

  test('a dead upstream: could not check', async () => {
    const { code, out } = await run(await recorded([{ input: 'a' }]), await deadUpstream(), ['--check'])
    expect(code).toBe(2)
    expect(out).toContain('could not check (1): The API could not be reached: ECONNREFUSED.')
  })

  test.each<[string, Answer, string[]]>([
    ['refused', { status: 401, body: '{"error":{"message":"No"}}' }, []],
    ['cut', { steps: steps(compose('c').text(['a']).cut().events) }, []],
    ['broken', { steps: [...steps(compose('c').text(['a']).cut().events), 'reset'] }, []],
    ['failed', { steps: steps(compose('c').failed('server_error', 'It broke.')) }, []],
    ['stalled', { instead: 'hang' }, ['--first-event-timeout-ms', '1500']],
  ])('an answer that is %s is no pass, even where another has drift', async (_how, bad, args) => {
    const dir = await recorded([{ input: 'a' }, { input: 'b' }])
    const drifted = upstream((event) => [{ ...event, more: 1 }])
    const standIn = await runStandIn((call) => (call.body.input === 'a' ? bad : drifted(call)))
    const { code, out } = await run(dir, standIn, ['--check', ...args])
    expect(code).toBe(2)
    expect(out).toMatch(/0 the same, 1 with drift, 1 could not check/)
  })

  test('a fixture that is cut off is no pass', async () => {
    const dir = await recorded([{ input: 'a' }])
    const [name = ''] = await readdir(dir)
    await writeFile(join(dir, name), (await readFile(join(dir, name), 'utf8')).slice(0, -30))
    expect(await run(dir, await runStandIn(upstream()), ['--check'])).toMatchObject({
      code: 2,
      out: expect.stringContaining('this fixture is damaged'),
    })
  })

  test('--json', async () => {
    const dir = await recorded([{ input: 'a' }])
    const [name = ''] = await readdir(dir)
    await rename(join(dir, name), join(dir, 'mine.jsonl'))
    const standIn = await runStandIn(upstream(onDelta((event) => ({ ...event, rank: 1 }))))
    const { out } = await run(dir, standIn, ['--check', '--json'])
    const drift = { kind: 'added', event: 'response.output_text.delta', path: 'rank', is: 'number' }
    expect(JSON.parse(out)).toEqual({
      task: 'check',
      fixtures: [{ name: 'mine.jsonl', api: 'responses', outcome: 'differs', tokens: { input: 16, output: 4 } }],
      drift: [{ ...drift, fixtures: ['mine.jsonl'] }],
      tokens: { input: 16, output: 4 },
    })
  })
})
