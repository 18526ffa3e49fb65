import { execFile } from 'node:child_process'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { compose, steps, words } from '../kit/answers.ts'
import { connect } from '../kit/client.ts'
import { READERS } from '../kit/readers.ts'
import { deltatape, ignoredFolder, runDeltatape, runServer, runStandIn, temporaryFolder } from '../kit/tools.ts'

/** Writes into a folder. */
const write = (dir: string, ...args: readonly string[]) => deltatape(['write', '--fixtures', dir, ...args])

const fixturesIn = async (dir: string): Promise<Record<string, string>> => {
  const names = (await readdir(dir)).filter((name) => name.endsWith('.jsonl')).toSorted()
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(dir, name), 'utf8')])),
  )
}

const [HI, HELLO] = [
  ['--input', 'Say hi'],
  ['--text', 'Hello, you two.'],
]

/** The simplest calls of each API, by the readers that make them. */
const SIMPLEST: Readonly<Record<string, readonly string[]>> = {
  responses: ['openai responses.stream', 'openai responses.create'],
  chat: ['openai chat.completions.stream', 'openai chat.completions.create'],
  messages: ['anthropic messages.stream', 'anthropic messages.create'],
  gemini: ['genai generateContentStream', 'genai generateContent'],
}

describe.each(Object.entries(SIMPLEST))('%s', (api, readers) => {
  test('the simplest program gets what was written, streamed and in one piece', async () => {
    const dir = await temporaryFolder()
    const { code, out, err } = await write(dir, '--api', api, ...HI, ...HELLO, '--tool', 'weather={"city":"Paris"}')
    expect([code, err]).toEqual([0, ''])
    for (const name of Object.keys(await fixturesIn(dir))) expect(out).toContain(join(dir, name))
    const { url } = await runServer({ FIXTURES_DIR: dir })
    for (const name of readers) {
      expect(await READERS[name]?.(url, 'Say hi')).toMatchObject({
        text: 'Hello, you two.',
        calls: [['weather', { city: 'Paris' }]],
      })
    }
    const verified = await runDeltatape(['verify', '--fixtures', dir, '--max-age', '1d'])
    expect(verified).toMatchObject({ code: 0, err: [] })
  })

  test('the same command writes the same bytes, and says that nothing changed', async () => {
    const [one, two] = [await temporaryFolder(), await temporaryFolder()]
    for (const dir of [one, two]) await write(dir, '--api', api, ...HI, ...HELLO)
    expect(await fixturesIn(one)).toEqual(await fixturesIn(two))
    const { code, out } = await write(one, '--api', api, ...HI, ...HELLO)
    expect([code, out]).toEqual([0, expect.stringContaining('Unchanged: ')])
  })
})

test('says that git ignores what was written', async () => {
  const { code, err } = await write(await ignoredFolder(), ...HI, ...HELLO)
  expect([code, err]).toEqual([0, expect.stringMatching(/^deltatape: git ignores a fixture by line 1 of \.gitignore/)])
})

test('the chat endpoints get what was written for their model', async () => {
  const dir = await temporaryFolder()
  await deltatape(['write', ...HI, ...HELLO], { env: { FIXTURES: dir, CHATBOT_MODEL: 'gpt-5' } })
  const { url } = await runServer({ FIXTURES_DIR: dir, CHATBOT_MODEL: 'gpt-5' })
  const chat = await connect(`${url}/ws-stream`)
  chat.send({ input: 'Say hi' })
  const frames = await chat.turn()
  expect(frames.map(({ message }) => message)).toEqual(['Hello,', ' you', ' two.', 'Hello, you two.'])
  await chat.close()
})

test('what is written is told so', async () => {
  const dir = await temporaryFolder()
  await write(dir, ...HI, ...HELLO)
  await write(dir, '--api', 'chat', ...HI, ...HELLO)
  for (const columns of [80, 200]) {
    const { out } = await deltatape(['ls', '--fixtures', dir], { columns })
    expect(out.match(/ written/g)).toHaveLength(3)
  }
  const json: unknown = JSON.parse((await deltatape(['ls', '--fixtures', dir, '--json'])).out)
  expect(json).toMatchObject([{ upstream: 'written' }, { upstream: 'written' }, { upstream: 'written' }])
  const [name = ''] = Object.keys(await fixturesIn(dir))
  const { out } = await deltatape(['show', name, '--fixtures', dir])
  expect(out).toContain('written    for this call, and not recorded')
})

const sayHi = { steps: steps(compose('x').text(words('Recorded')).completed()) }

test('a recording takes the place of what was written, without asking; auto replays it', async () => {
  const dir = await temporaryFolder()
  await write(dir, ...HI, ...HELLO)
  const before = await fixturesIn(dir)
  const standIn = await runStandIn(() => sayHi)
  const env = { FIXTURES_DIR: dir, OPENAI_BASE_URL: standIn.url, OPENAI_API_KEY: 'sk-stand-in' }
  const ask = READERS['openai responses.stream']

  const auto = await runServer({ ...env, MODEL_MODE: 'auto' })
  expect(await ask?.(auto.url, 'Say hi')).toMatchObject({ text: 'Hello, you two.' })
  expect(standIn.calls).toHaveLength(0)
  expect(await fixturesIn(dir)).toEqual(before)

  const recorder = await runServer({ ...env, MODEL_MODE: 'record' })
  expect(await ask?.(recorder.url, 'Say hi')).toMatchObject({ text: 'Recorded' })
  const [recorded = ''] = Object.values(await fixturesIn(dir))
  expect(recorded).not.toContain('"upstream":"written"')
  expect(Object.keys(await fixturesIn(dir))).toEqual(Object.keys(before))
})

test('deltatape record does so, too, be the answer the same to the byte', async () => {
  const dir = await temporaryFolder()
  await write(dir, ...HI, ...HELLO)
  const [[name = '', written = ''] = []] = Object.entries(await fixturesIn(dir))
  const player = await runServer({ FIXTURES_DIR: dir })
  const body = await fetch(`${player.url}/v1/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"model":"gpt-4.1-mini","input":"Say hi","stream":true}',
  })
  const raw = await body.text()
  const standIn = await runStandIn(() => ({ headers: { 'content-type': 'text/event-stream' }, steps: [{ raw }] }))
  const env = { FIXTURES: dir, OPENAI_BASE_URL: standIn.url, OPENAI_API_KEY: 'sk-stand-in' }
  expect((await deltatape(['record'], { env })).code).toBe(0)
  const { [name]: recorded = '' } = await fixturesIn(dir)
  expect(written).toContain('"upstream":"written"')
  expect(recorded).not.toContain('"upstream":"written"')
})

test('a recording is not written over unless it is said', async () => {
  const dir = await temporaryFolder()
  const standIn = await runStandIn(() => sayHi)
  const recorder = await runServer({
    FIXTURES_DIR: dir,
    OPENAI_BASE_URL: standIn.url,
    OPENAI_API_KEY: 'sk-stand-in',
    MODEL_MODE: 'record',
  })
  await READERS['openai responses.stream']?.(recorder.url, 'Say hi')
  const before = await fixturesIn(dir)
  const refused = await write(dir, ...HI, ...HELLO)
  expect(refused).toMatchObject({
    code: 2,
    out: '',
    err: expect.stringMatching(/is a recording of this call.*--force/),
  })
  expect(await fixturesIn(dir)).toEqual(before)
  expect((await write(dir, ...HI, ...HELLO, '--force')).code).toBe(0)
  expect(Object.values(await fixturesIn(dir)).join('')).toContain('"upstream":"written"')
})

test('a damaged file is not written over unless it is said', async () => {
  const dir = await temporaryFolder()
  await write(dir, ...HI, ...HELLO)
  const [name = ''] = Object.keys(await fixturesIn(dir))
  const whole = await readFile(join(dir, name), 'utf8')
  await writeFile(join(dir, name), whole.slice(0, whole.length / 2))
  const { code, err } = await write(dir, ...HI, ...HELLO)
  expect([code, err]).toEqual([2, expect.stringContaining('--force writes over it')])
  expect((await write(dir, ...HI, ...HELLO, '--force')).code).toBe(0)
  expect(await readFile(join(dir, name), 'utf8')).toBe(whole)
})

test('the pace counts: another one is written', async () => {
  const dir = await temporaryFolder()
  await write(dir, ...HI, ...HELLO)
  const { out } = await write(dir, ...HI, ...HELLO, '--pace', '50ms')
  expect(out).toContain('Wrote ')
  expect(Object.values(await fixturesIn(dir)).join('')).toContain('{"at":50,')
})

const REQUEST = {
  model: 'gpt-5',
  instructions: 'Be brief.',
  input: [{ role: 'user', content: [{ type: 'input_text', text: 'Say hi' }] }],
  tools: [{ type: 'function', name: 'weather', parameters: {}, strict: true }],
  stream: true,
}

const post = (url: string, body: unknown) =>
  fetch(`${url}/v1/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

test('the request itself is taken from a file, from a pipe, and as it is', async () => {
  const dir = await temporaryFolder()
  const file = join(await temporaryFolder(), 'request.json')
  const json = JSON.stringify(REQUEST, null, 2)
  await writeFile(file, `\uFEFF${json}\n`)
  await write(dir, '--request', file, ...HELLO)
  const written = await fixturesIn(dir)
  expect(await (await post((await runServer({ FIXTURES_DIR: dir })).url, REQUEST)).text()).toContain(
    '"Hello, you two."',
  )
  for (const [args, input] of [
    [['--request', '-', ...HELLO], json],
    [['--request', json, ...HELLO], ''],
    [['--request', json, '--text', '-'], 'Hello, you two.\n'],
  ] as const) {
    const { out } = await deltatape(['write', '--fixtures', dir, ...args], { input })
    expect(out).toContain('Unchanged: ')
  }
  expect(await fixturesIn(dir)).toEqual(written)
})

test('the request is like that of a fixture, with another input', async () => {
  const dir = await temporaryFolder()
  await write(dir, '--request', JSON.stringify(REQUEST), ...HELLO)
  const { code, out } = await write(dir, '--like', 'say-hi', '--input', 'Say "bye"\n', '--text', 'Bye')
  expect([code, out]).toEqual([0, expect.stringContaining('say-bye-')])
  const input = [{ role: 'user', content: [{ type: 'input_text', text: 'Say "bye"\n' }] }]
  const { url } = await runServer({ FIXTURES_DIR: dir })
  expect(await (await post(url, { ...REQUEST, input })).text()).toContain('"text":"Bye"')
})

test('what is called elsewhere is written for the host that it names', async () => {
  const dir = await temporaryFolder()
  const address = ['--url', 'https://api.mistral.ai/v1/chat/completions', '--model', 'mistral-small', '--no-stream']
  await write(dir, ...address, ...HI, ...HELLO)
  const written = await fixturesIn(dir)
  for (const url of [
    '/api.mistral.ai/v1/chat/completions',
    'http://localhost:3300/@me/api.mistral.ai/v1/chat/completions',
  ]) {
    expect((await write(dir, ...address.with(1, url), ...HI, ...HELLO)).out).toContain('Unchanged: ')
  }
  expect(Object.values(written).join('')).toContain('"host":"api.mistral.ai"')
})

test('an address of this server is one without its scheme, too', async () => {
  const dir = await temporaryFolder()
  const path = '/v1/chat/completions'
  await write(dir, '--url', path, ...HI, ...HELLO)
  for (const url of [
    `localhost:3300${path}`,
    `127.0.0.1:3300${path}`,
    `[::1]:3300${path}`,
    `http://localhost${path}`,
  ]) {
    const { code, out } = await write(dir, '--url', url, ...HI, ...HELLO)
    expect([url, code, out]).toEqual([url, 0, expect.stringContaining('Unchanged: ')])
  }
  expect(Object.keys(await fixturesIn(dir))).toHaveLength(2)
  const others = ['api.mistral.ai:443', 'api.mistral.ai', 'https://api.mistral.ai']
  for (const host of others) await write(dir, '--url', host + path, '--no-stream', ...HI, ...HELLO)
  expect(Object.keys(await fixturesIn(dir))).toHaveLength(3)
})

test('headers that count are those of the app', async () => {
  const dir = await temporaryFolder()
  await write(dir, '--api', 'messages', '--header', 'anthropic-beta: two,one', '--no-stream', ...HI, ...HELLO)
  expect(Object.values(await fixturesIn(dir)).join('')).toContain(
    '"headers":{"anthropic-version":"2026-10-21","anthropic-beta":"one,two"}',
  )
})

test('a failure is what the API says, and no answer', async () => {
  const dir = await temporaryFolder()
  const { out } = await write(dir, ...HI, '--failure', '429', '--retry-after', '7')
  expect(out).toContain('refused with 429')
  const { url } = await runServer({ FIXTURES_DIR: dir })
  await expect(READERS['openai responses.stream']?.(url, 'Say hi')).rejects.toMatchObject({ status: 429 })
  expect(Object.values(await fixturesIn(dir)).join('')).toContain('"retry-after":"7"')
})

test('a secret in an answer is redacted, as it is in recordings', async () => {
  const dir = await temporaryFolder()
  const key = `sk-proj-${'a1B2c3D4'.repeat(6)}`
  const { code, out, err } = await write(dir, ...HI, '--text', `It is ${key}.`)
  expect([code, err]).toEqual([0, expect.stringContaining('was redacted')])
  expect(out + Object.values(await fixturesIn(dir)).join('')).not.toContain(key)
  expect((await runDeltatape(['verify', '--fixtures', dir])).code).toBe(0)
})

test('that is told once, however many fixtures are written', async () => {
  const key = `sk-proj-${'a1B2c3D4'.repeat(6)}`
  const { out, err } = await write(await temporaryFolder(), '--api', 'chat', ...HI, '--text', key)
  expect([out.split('Wrote').length, err.split('was redacted').length]).toEqual([3, 2])
})

test('a turn of a conversation continues what was written before', async () => {
  const dir = await temporaryFolder()
  await write(dir, ...HI, ...HELLO)
  const { url } = await runServer({ FIXTURES_DIR: dir })
  const [, id = ''] =
    /"id":"(resp_\w+)"/.exec(
      await (await post(url, { model: 'gpt-4.1-mini', input: 'Say hi', stream: true })).text(),
    ) ?? []
  const next = { model: 'gpt-4.1-mini', input: 'And now?', previous_response_id: id, stream: true }
  await write(dir, '--request', JSON.stringify(next), '--text', 'Now this.')
  expect(await (await post(url, next)).text()).toContain('"Now this."')
  expect(Object.values(await fixturesIn(dir)).join('')).toContain('"previous_key"')
  expect((await runDeltatape(['verify', '--fixtures', dir])).code).toBe(0)
})

test('so it does of an answer in which a secret was redacted', async () => {
  const dir = await temporaryFolder()
  const key = `sk-proj-${'a1B2c3D4'.repeat(6)}`
  const asked = { role: 'user', content: 'Say hi' }
  const request = { model: 'm', messages: [asked] }
  await write(dir, '--api', 'chat', '--request', JSON.stringify(request), '--text', `It is ${key}.`)
  const [content = ''] = /It is [^"]+/.exec(Object.values(await fixturesIn(dir)).join('')) ?? []
  const next = { model: 'm', messages: [asked, { role: 'assistant', content }, { role: 'user', content: 'And now?' }] }
  await write(dir, '--api', 'chat', '--request', JSON.stringify(next), '--text', 'Now this.')
  expect(Object.values(await fixturesIn(dir)).join('')).toContain('"follows"')
})

test('the folder is made if there is none, and nothing is written where something is wrong', async () => {
  const dir = join(await temporaryFolder(), 'new')
  expect((await write(dir, ...HI, '--tool', 'x={a')).code).toBe(2)
  await expect(readdir(dir)).rejects.toThrow()
  expect((await write(dir, ...HI, ...HELLO)).code).toBe(0)
})

test.each([
  ['nothing that is asked', [...HELLO], /Say which call is answered/],
  ['nothing that is answered', [...HI], /Say what is answered/],
  ['an input and a request', [...HI, '--request', '{}', ...HELLO], /Say which call is answered/],
  ['a request in two ways', ['--like', 'x', '--request', '{}', ...HELLO], /--request or --like/],
  ['a file that is not there', ['--request', 'nowhere.json', ...HELLO], /"nowhere.json" cannot be read: ENOENT/],
  ['a request that is no JSON', ['--request', '{a', ...HELLO], /has to be the body that the app sends/],
  ['a fixture that is not there', ['--like', 'nothing', ...HI, ...HELLO], /No fixture in/],
  ['an API that is not known', ['--api', 'x', ...HI, ...HELLO], /There are responses, chat, messages, gemini/],
  ['a path whose calls are not known', ['--url', '/api/chat', ...HI, ...HELLO], /Give the request itself/],
  [
    'a path of another API',
    ['--api', 'chat', '--url', '/v1/messages', ...HI, ...HELLO],
    /is a path of messages: leave --api out/,
  ],
  ['a model beside a request', ['--request', '{"input":"x"}', '--model', 'y', ...HELLO], /leave --model out/],
  ['a form beside a request', ['--request', '{"input":"x"}', '--stream', ...HELLO], /leave --stream out/],
  ['arguments that are no JSON', [...HI, '--tool', 'x={a'], /The arguments of x have to be a JSON object/],
  ['a header that is none', [...HI, ...HELLO, '--header', 'x'], /A header is given as/],
  ['a pace that is none', [...HI, ...HELLO, '--pace', 'fast'], /such as 20ms/],
  ['a wait without a failure', [...HI, ...HELLO, '--retry-after', '7'], /Say --failure 429, too/],
  ['a failure that says something', [...HI, ...HELLO, '--failure', '429'], /leave its other pieces out/],
])('%s is told, and nothing is written', async (_name, args, words_) => {
  const dir = await temporaryFolder()
  const { code, out, err } = await write(dir, ...args)
  expect([code, out]).toEqual([2, ''])
  expect(err).toMatch(words_)
  expect(await fixturesIn(dir)).toEqual({})
})

test('the command that it shows is one that a shell runs', async () => {
  const dir = await temporaryFolder()
  const { out } = await write(dir, '--input', "It's $HOME `x`", ...HELLO)
  const { url } = await runServer({ FIXTURES_DIR: dir })
  const [command = ''] = out.split('\n').filter((line) => line.includes('curl'))
  const { stdout } = await promisify(execFile)('sh', ['-c', command.replace('http://127.0.0.1:3300', url)])
  expect(stdout).toContain('"Hello, you two."')
})

test('the command that a miss tells makes it a hit', async () => {
  const dir = await temporaryFolder()
  const json = JSON.stringify(REQUEST)
  await write(dir, '--request', json, ...HELLO)
  const { url } = await runServer({ FIXTURES_DIR: dir })
  const other = json.replace('Say hi', "It's `me`")
  const missed = await (await post(url, JSON.parse(other))).text()
  const [, command = ''] =
    /`(npx deltatape write .*)`\. To record it/.exec(String(JSON.parse(missed).error.message)) ?? []
  const { stdout } = await promisify(execFile)('sh', ['-c', `npx() { printf '%s\\n' "$@"; }; ${command}`])
  const [, ...args] = stdout.trimEnd().split('\n')
  expect((await deltatape(args)).code).toBe(0)
  expect(await (await post(url, JSON.parse(other))).text()).toContain('"text":"…"')
})
