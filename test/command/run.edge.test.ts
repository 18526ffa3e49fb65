/** `deltatape run`, as a process around real commands. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { join, resolve } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { EXIT } from '../../server/base/errors.ts'
import { isObject, parseObject } from '../../server/base/json.ts'
import { compose, words } from '../kit/answers.ts'
import { deltatape, folderWith, runServer, runStandIn, temporaryFolder } from '../kit/tools.ts'

interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

interface Options {
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  readonly cwd?: string
  /** Called with each piece of what the command writes. */
  readonly heard?: (text: string, child: ChildProcess) => void
}

/** Runs the command with these variables alone. */
async function run(args: readonly string[], { env = {}, input = '', cwd, heard }: Options = {}): Promise<Ran> {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, [resolve('server/cli.ts'), 'run', ...args], {
    cwd,
    env: { PATH, HOME, ...env },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const written = { out: '', err: '' }
  child.stdout.on('data', (chunk) => {
    written.out += String(chunk)
    heard?.(String(chunk), child)
  })
  child.stderr.on('data', (chunk) => (written.err += String(chunk)))
  child.stdin.end(input)
  const [code] = await once(child, 'close')
  return { code: typeof code === 'number' ? code : null, ...written }
}

const node = (program: string): readonly string[] => ['--', process.execPath, '--input-type=module', '-e', program]

/** Asks by the SDK, as it stands in a program that knows nothing of deltatape. */
const ASKING = `
  import OpenAI from 'openai'
  const ask = async (input, options) => {
    const stream = await new OpenAI({ maxRetries: 0, ...options }).responses.create({ model: 'gpt-4.1-mini', input, stream: true })
    let text = ''
    for await (const event of stream) if (event.type === 'response.output_text.delta') text += event.delta
    return text
  }
`

const hi = { 'Say hi': { events: compose('x').text(words('Hi there')).completed() } }

const KEY = `sk-proj-${'a1B2c3D4'.repeat(5)}`

test('a command is answered from fixtures, has its own streams and no key, and ends as it ends', async () => {
  const env = {
    FIXTURES: await folderWith(hi),
    OPENAI_API_KEY: KEY,
    ANTHROPIC_AUTH_TOKEN: 'secret-1',
    OPENAI_CUSTOM_HEADERS: `authorization: Bearer ${KEY}`,
    AWS_PROFILE: 'work',
    OPENAI_MAX_TOKENS: '5',
    // They are the command's own: here none of them would be one of a server.
    PORT: 'mine',
    HOST: 'mine',
    LOG_LEVEL: 'mine',
    AUTH_TOKEN: 'my own',
  }
  const program = `${ASKING}
    const { env } = process
    const input = []
    for await (const chunk of process.stdin) input.push(chunk)
    const text = await ask('Say hi')
    console.log(JSON.stringify({ input: input.join(''), text, env }))
    console.error('oh')
    process.exit(3)`
  const { code, out, err } = await run(node(program), { env, input: 'typed' })
  expect([code, err]).toEqual([3, 'oh\n'])
  const told = parseObject(out) ?? {}
  expect(told).toMatchObject({ input: 'typed', text: 'Hi there' })
  expect(out).not.toMatch(/a1B2c3D4|secret-1/)
  const url = isObject(told.env) ? told.env.DELTATAPE_URL : undefined
  expect(told.env).toMatchObject({
    PORT: 'mine',
    HOST: 'mine',
    LOG_LEVEL: 'mine',
    AUTH_TOKEN: 'my own',
    OPENAI_MAX_TOKENS: '5',
    OPENAI_BASE_URL: `${String(url)}/v1`,
    ANTHROPIC_BASE_URL: url,
    OPENAI_API_KEY: 'any',
    MISTRAL_API_KEY: 'any',
    ANTHROPIC_AUTH_TOKEN: 'any',
    OPENAI_CUSTOM_HEADERS: 'authorization: Bearer any',
    AWS_ACCESS_KEY_ID: 'any',
  })
  expect(told.env).not.toHaveProperty('AWS_PROFILE')
})

test('what stands behind the first word is the command, and what cannot be run has a code of its own', async () => {
  const env = { FIXTURES: await temporaryFolder() }
  const cwd = await temporaryFolder()
  const [shell, none] = await Promise.all([
    run(['--pace', 'recorded', 'sh', '-c', 'echo "$@" $DELTATAPE_URL $HTTPS_PROXY', '--', '--mode', '--'], { env }),
    // Nobody has named a folder, and there is none yet.
    run(['--', 'no-such-command'], { cwd }),
  ])
  expect(shell).toMatchObject({ code: 0, out: expect.stringMatching(/^--mode -- http:/), err: '' })
  expect(none).toEqual({ code: 127, out: '', err: expect.stringMatching(/^deltatape: "no-such-command" cannot .*\n$/) })
  expect(await readdir(cwd)).toEqual([])
  const ports = [...shell.out.matchAll(/127\.0\.0\.1:(\d+)/g)].map(([, port]) => Number(port))
  expect(ports).toHaveLength(2)
  // Nothing listens any more.
  for (const port of ports) {
    const [error] = await once(connect(port, '127.0.0.1'), 'error')
    expect(error).toMatchObject({ code: 'ECONNREFUSED' })
  }
})

test('what is wrong with its flags is told before anything runs', async () => {
  const all = await Promise.all([
    deltatape(['run']),
    deltatape(['run', '--misses', 'perhaps', '--', 'true']),
    deltatape(['run', '--mode', 'live', '--unused', 'fail', '--', 'true']),
    deltatape(['run', '--pace', 'slow', '--', 'true'], { env: { PORT: 'x', LOG_LEVEL: 'x' } }),
  ])
  expect(all.map(({ code, out }) => [code, out])).toEqual(all.map(() => [EXIT.notStarted, '']))
  const told = all.map(({ err }) => err)
  expect(told[0]).toMatch(/missing required argument 'command'[\s\S]*deltatape run --help/)
  expect(told[1]).toContain('Allowed choices are fail, tell')
  expect(told[2]).toContain('no fixture is read')
  expect(told[3]).toMatch(/^deltatape: REPLAY_PACE must be [^\n]*\n$/)
})

test('a miss that the command makes nothing of fails the run, and is told once, unless somebody was told', async () => {
  const program = `${ASKING}
    const { DELTATAPE_URL: url } = process.env
    const at = (name) => ({ baseURL: url + name + '/v1' })
    console.log(await ask('Say hi'))
    for (const from of [{}, {}, at(''), at('/@w1')]) await ask('Say bye', from).catch(({ status }) => console.log(status))
    await ask('Told by a plugin', at('/@w2')).catch(() => {})
    console.log((await (await fetch(url + '/@w2/turns')).json()).length)`
  const env = { FIXTURES: await folderWith(hi), LOG_LEVEL: 'silent' }
  const [failed, passed] = await Promise.all([
    run(node(program), { env }),
    run(['--misses', 'tell', ...node(program)], { env }),
  ])
  expect([failed.code, passed.code]).toEqual([1, 0])
  expect(failed.out).toBe(passed.out)
  expect(failed.out.split('\n')).toEqual(['Hi there', '404', '404', '404', '404', '1', ''])
  expect(failed.err).toMatch(
    /^deltatape: 4 calls were not replayed:\n {2}No fixture for this request .*which differs in input.*MODEL_MODE=auto npx deltatape run --fixtures \S+ -- .*`\. \(4 times\)\ndeltatape: So the run fails, though its command passed \(--misses tell lets it pass\)\.\n$/s,
  )
  expect(passed.err).toBe(failed.err.split('deltatape: So')[0])
  expect(failed.err).not.toContain('Told by a plugin')
})

describe('a signal', () => {
  const LISTENING = `
    for (const name of ['SIGHUP', 'SIGINT', 'SIGUSR2', 'SIGTERM']) process.on(name, () => {
      console.log(name)
      if (name === 'SIGTERM') process.exit(7)
    })
    setInterval(() => {}, 1000)
    console.log('ready')`

  test('is passed on, and the command decides what it means', async () => {
    const next = ['SIGHUP', 'SIGUSR2', 'SIGINT', 'SIGTERM'] as const
    let sent = 0
    const heard: Options['heard'] = (_text, child) => child.kill(next[sent++])
    const { code, out, err } = await run(node(LISTENING), { env: { FIXTURES: await temporaryFolder() }, heard })
    expect([code, err]).toEqual([7, ''])
    expect(out.split('\n')).toEqual(['ready', ...next, ''])
  })

  test.skipIf(!existsSync('/usr/bin/script'))('of a key comes once: a terminal sends it to all', async () => {
    const { PATH = '', HOME = '' } = process.env
    const program = `process.on('SIGINT', () => { console.log('got it'); setTimeout(() => process.exit(5), 300) }); console.log('ready', process.stdout.isTTY); setInterval(() => {}, 1000)`
    const command = `exec "${process.execPath}" server/cli.ts run -- "${process.execPath}" -e "${program}"`
    const env = { PATH, HOME, FIXTURES: await temporaryFolder() }
    const child = spawn('/usr/bin/script', ['-qec', command, '/dev/null'], { env })
    onTestFinished(() => void child.kill('SIGKILL'))
    let out = ''
    child.stdout.on('data', (chunk) => {
      if (!out.includes('ready') && String(chunk).includes('ready')) child.stdin.write('\u0003')
      out += String(chunk)
    })
    const [code] = await once(child, 'close')
    expect(code).toBe(5)
    expect(out.match(/ready true|got it/g)).toEqual(['ready true', 'got it'])
  })
})

test('recorded once with the key of the command, it is replayed without; what is left over is told', async () => {
  const events = compose('y').text(words('It is 21 °C.')).completed()
  const standIn = await runStandIn(() => ({ steps: events.map((event) => ({ event })) }))
  const FIXTURES = join(await temporaryFolder(), 'new')
  const args = node(`${ASKING}console.log(await ask('How warm is it?'))`)
  const env = { FIXTURES, OPENAI_API_KEY: KEY }
  const first = await run(args, { env: { ...env, MODEL_MODE: 'record', OPENAI_BASE_URL: standIn.url } })
  expect(first).toMatchObject({ code: 0, out: 'It is 21 °C.\n' })
  expect(first.err).toMatch(
    /^deltatape: recorded: 1 saved, 0 unchanged, 0 not saved \(1 new, 0 changed, 0 left over\)\n$/,
  )
  expect(standIn.calls.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${KEY}`])
  expect(await readdir(FIXTURES)).toHaveLength(1)

  const silent = node('')
  const [again, unused, told] = await Promise.all([
    run(['--unused', 'fail', ...args], { env }),
    run(['--unused', 'fail', ...silent], { env }),
    run(['--unused', 'tell', ...silent], { env }),
  ])
  expect(again).toEqual({ code: 0, out: 'It is 21 °C.\n', err: '' })
  expect([unused.code, told.code]).toEqual([1, 0])
  expect(unused.err).toMatch(/^deltatape: A fixture was not asked for:\n {2}.*how-warm-is-it-\w+\.jsonl was not used\n/)
  expect(standIn.calls).toHaveLength(1)
})

test('with a token the key stays with the server, and goes up all the same', async () => {
  const standIn = await runStandIn(() => ({ steps: hi['Say hi'].events.map((event) => ({ event })) }))
  const { code, out } = await run(
    [
      '--mode',
      'live',
      '--auth-token',
      'sesame',
      ...node(`${ASKING}console.log(process.env.OPENAI_API_KEY, await ask('Say hi'))`),
    ],
    { env: { OPENAI_BASE_URL: standIn.url, OPENAI_API_KEY: KEY } },
  )
  expect([code, out]).toEqual([0, 'sesame Hi there\n'])
  expect(standIn.calls.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${KEY}`])
})

test('a run beside another deltatape is refused: it would answer in the place of the API', async () => {
  const { url } = await runServer({ FIXTURES_DIR: await temporaryFolder() })
  const env = { FIXTURES: await temporaryFolder(), ANTHROPIC_BASE_URL: url }
  const { code, out, err } = await run(['--', 'echo', 'not run'], { env })
  expect([code, out]).toEqual([1, ''])
  expect(err).toContain(`ANTHROPIC_BASE_URL=${url} is a deltatape itself`)
})

/** Programs that read no base URL, and know proxies: they go to three hosts, one of them twice. */
const STRAYS = {
  node: node(`
    for (const url of ['https://api.openai.com/v1/models', 'https://api.x.ai/v1', 'http://api.x.ai/v1', 'http://shop.example/'])
      await fetch(url).then(async (answer) => console.log(answer.status, await answer.text())).catch(() => console.log('refused'))`),
  python: [
    '--',
    'python3',
    '-c',
    `
from urllib.request import urlopen
for url in ['https://api.openai.com/v1/models', 'https://api.x.ai/v1', 'http://api.x.ai/v1', 'http://shop.example/']:
    try: print(200, urlopen(url).read().decode())
    except Exception as e: print(getattr(e, 'code', ''), e)`,
  ],
} as const

const hasPython = existsSync('/usr/bin/python3')

test('in replay nothing is let out, and what was tried is told', async () => {
  const env = { FIXTURES: await temporaryFolder(), HTTPS_PROXY: 'http://127.0.0.1:9', NO_PROXY: '*' }
  const [first, python] = await Promise.all([
    run(STRAYS.node, { env }),
    hasPython ? run(STRAYS.python, { env }) : undefined,
  ])
  expect([first.code, first.out]).toEqual([1, 'refused\n'.repeat(4)])
  const told = [
    /^deltatape: The command tried to reach api\.openai\.com:443, which does not go through deltatape, and was not let out\. .*\$OPENAI_BASE_URL/,
    /^deltatape: The command tried to reach api\.x\.ai:443, .*\$DELTATAPE_URL\/api\.x\.ai/,
    /^deltatape: The command tried to reach api\.x\.ai:80, /,
    /^deltatape: Not let out in replay: shop\.example:80\. Name in NO_PROXY/,
    /^deltatape: So the run fails/,
  ]
  for (const ran of python ? [first, python] : [first]) {
    expect(ran.err.trimEnd().split('\n')).toEqual(told.map((line) => expect.stringMatching(line)))
  }
  if (python) expect(python.out).toMatch(/403 Not let out by deltatape[\s\S]*403[\s\S]*403 HTTP Error/)
})

test('while recording it is let out, by the proxy of the user, and told to be no recording', async () => {
  const seen: string[] = []
  const proxy = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`, request.headers['proxy-authorization'] ?? '')
    response.end('from afar')
  }).listen(0, '127.0.0.1')
  // What is on the far side ends the connection at once.
  proxy.on('connect', (request, socket) => {
    seen.push(`CONNECT ${request.url}`, request.headers['proxy-authorization'] ?? '')
    socket.end('HTTP/1.1 200 OK\r\n\r\n')
  })
  await once(proxy, 'listening')
  onTestFinished(() => void proxy.close())
  const address = proxy.address()
  const own = `http://me:pass@127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  const program = `
    import { request } from 'node:http'
    const get = (path) => new Promise((resolve) => request(process.env.HTTP_PROXY, { path }, async (answer) => {
      const parts = []
      for await (const part of answer) parts.push(part)
      resolve(answer.statusCode + ' ' + parts.join(''))
    }).end())
    console.log(await get('http://shop.example/a?b=c'), await get('/a'), await get(process.env.DELTATAPE_URL + '/health'))
    await fetch('https://api.x.ai/v1').catch(() => console.log('the far side ended it'))`
  const env = { FIXTURES: await temporaryFolder(), OPENAI_API_KEY: KEY, HTTP_PROXY: own, HTTPS_PROXY: own }
  const { code, out, err } = await run(['--mode', 'record', ...node(program)], { env })
  expect(code).toBe(0)
  expect(out).toMatch(/^200 from afar 400 This is a proxy.*\n 200 \{"status":"ok"\}\n?\nthe far side ended it\n$/)
  const login = `Basic ${Buffer.from('me:pass').toString('base64')}`
  expect(seen).toEqual(['GET http://shop.example/a?b=c', login, 'CONNECT api.x.ai:443', login])
  const lines = err.trimEnd().split('\n')
  expect(lines).toEqual([
    expect.stringMatching(/^deltatape: No call came to deltatape, so nothing was recorded\. /),
    expect.stringMatching(
      /^deltatape: The command reached api\.x\.ai:443 past deltatape: what went there is not recorded\. /,
    ),
    'deltatape: Not recorded, as it went past deltatape: shop.example:80.',
  ])
})
