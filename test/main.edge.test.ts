/** The process itself, as a user starts and stops it. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { EXIT } from '../server/base/errors.ts'
import { connect } from './kit/client.ts'
import { expectRules } from './kit/rules.ts'
import { temporaryFolder } from './kit/tools.ts'

interface Run {
  readonly child: ChildProcess
  /** The exit code, and all that was written. */
  readonly ended: Promise<{ code: number | null; out: string; err: string }>
  /** Resolves with the address once the server listens. */
  readonly url: Promise<string>
}

const MAIN = [process.execPath, 'server/main.ts'] as const

/** npm with the Node that it needs, and the arguments of the script after the `--`. */
const NPM_START = ['npm', 'start', '--'] as const

function start(env: Record<string, string>, [command, ...args]: readonly [string, ...string[]] = MAIN): Run {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(command, args, { env: { PATH, HOME, PORT: '0', ...env } })
  onTestFinished(() => void child.kill('SIGKILL'))
  const written = { out: '', err: '' }
  const listening = Promise.withResolvers<string>()
  child.stdout.on('data', (chunk) => {
    written.out += String(chunk)
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(written.out) ?? []
    if (url) listening.resolve(url)
  })
  child.stderr.on('data', (chunk) => (written.err += String(chunk)))
  const ended = once(child, 'close').then(([code]) => ({ code: typeof code === 'number' ? code : null, ...written }))
  return { child, ended, url: listening.promise }
}

describe('a start that cannot be', () => {
  test.each([
    ['a bad configuration', { PORT: 'x', LOG_LEVEL: 'loud' }, /^deltatape: PORT must be .*\nLOG_LEVEL must be .*\n$/],
    [
      'no fixtures folder',
      { FIXTURES_DIR: 'nowhere' },
      /^deltatape: The fixtures directory "nowhere" does not exist\..*\n$/,
    ],
    [
      'an address of another machine',
      { HOST: '192.0.2.1', ALLOW_UNPROTECTED: '1' },
      /^deltatape: "192\.0\.2\.1" is no address of this machine\..*\n$/,
    ],
  ])('%s is told in one message, exit code 1, without a stack', async (_what, env, message) => {
    expect(await start(env).ended).toEqual({ code: 1, out: '', err: expect.stringMatching(message) })
  })

  test('a port in use is told so', async () => {
    const first = start({})
    const { port } = new URL(await first.url)
    expect(await start({ PORT: port }).ended).toEqual({
      code: 1,
      out: '',
      err: `deltatape: Port ${port} on 127.0.0.1 is in use. Stop what listens there, or set PORT to another (0 picks a free one).\n`,
    })
  })

  const OLD_NODE = 'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.20.2"})'

  test.each([
    ['serve', EXIT.notStarted],
    ['ls', EXIT.notLooked],
  ])('%s: an old Node is told what is needed, before anything that needs it', async (command, code) => {
    expect(await start({}, [process.execPath, '--import', OLD_NODE, 'bin/deltatape.js', command]).ended).toEqual({
      code,
      out: '',
      err: expect.stringMatching(/^deltatape needs Node 22\.22 or newer, and this is 20\.20\.2\..*npm ci.*\n$/),
    })
  })
})

describe('npm start', () => {
  test('takes flags, and passes a signal on', async () => {
    const { child, ended, url } = start({}, [...NPM_START, '--mode', 'live', '--chatbot-model', 'x'])
    const { headers } = await fetch(`${await url}/health`)
    expect(headers.get('x-deltatape')).toMatch(/ live$/)
    child.kill('SIGTERM')
    const { code, out } = await ended
    expect(code).toBe(0)
    expect(out).toContain('SIGTERM: shutting down')
  })

  test('says what is wrong with a flag', async () => {
    const { code, err } = await start({}, [...NPM_START, '--mode', 'reply']).ended
    expect(code).toBe(EXIT.notStarted)
    expect(err).toContain('deltatape: MODEL_MODE must be one of replay, record, auto, live (got "reply").')
  })
})

describe('a run', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('answers, and ends well with %s', async (signal) => {
    const { child, ended, url } = start({})
    const chat = await connect(`${await url}/ws-stream`)
    chat.send({ input: 'My name is Ada.' })
    expectRules(
      (await chat.turn()).map((frame) => JSON.stringify(frame)),
      [undefined],
    )
    child.kill(signal)
    expect(await chat.closed).toBe(1001)
    const { code, out, err } = await ended
    expect([code, err]).toEqual([0, ''])
    const lines = out
      .trim()
      .split('\n')
      .map((line): { msg: string } => JSON.parse(line))
    expect(lines.map(({ msg }) => msg)).toEqual([
      expect.stringMatching(/^deltatape listens on http:\/\/127\.0\.0\.1:\d+ \(replay\)$/),
      expect.stringMatching(/^replay hit my-name-is-ada-\w+\.jsonl \d+ frames \d+ ms \/ws-stream$/),
      expect.stringContaining(signal),
    ])
  })

  test('begins without a key where the API is called, and says in one line what that means', async () => {
    const { child, ended, url } = start({ MODEL_MODE: 'live' })
    await url
    child.kill('SIGTERM')
    const { code, out } = await ended
    expect(code).toBe(0)
    const lines = out
      .trim()
      .split('\n')
      .map((line): { level: string; msg: string } => JSON.parse(line))
    expect(lines.filter(({ level }) => level === 'warn').map(({ msg }) => msg)).toEqual([
      'OPENAI_API_KEY is not set, nor ANTHROPIC_API_KEY, GEMINI_API_KEY or the key of another API, and MODEL_MODE=live calls APIs. Clients that bring a key of their own are served; others are refused.',
    ])
  })

  test('gives running turns their frame when the grace time is over', async () => {
    const { child, ended, url } = start({ REPLAY_PACE: '60000ms', SHUTDOWN_GRACE_MS: '100', MAX_QUEUED_TURNS: '1' })
    const chat = await connect(`${await url}/ws`)
    for (const id of ['1', '2', '3']) chat.send({ input: 'My name is Ada.', id })
    // The one too many is answered at once: the others have arrived, then.
    expect(await chat.next()).toMatchObject({ code: 'busy', id: '3' })
    child.kill('SIGTERM')
    expect((await ended).code).toBe(0)
    expect(await chat.closed).toBe(1001)
    const turns = expectRules(chat.transcript, ['3', '1', '2'], { streamed: false })
    expect(turns.map(([frame]) => frame?.code)).toEqual(['busy', 'shutting_down', 'shutting_down'])
  })

  test('ends at once with a second signal', async () => {
    const { child, ended, url } = start({ REPLAY_PACE: '60000ms', SHUTDOWN_GRACE_MS: '600000', MAX_QUEUED_TURNS: '0' })
    const chat = await connect(`${await url}/ws`)
    for (const id of ['1', '2']) chat.send({ input: 'My name is Ada.', id })
    expect(await chat.next()).toMatchObject({ code: 'busy', id: '2' })
    child.kill('SIGTERM')
    child.stdout?.on('data', (chunk) => String(chunk).includes('shutting down') && child.kill('SIGTERM'))
    expect((await ended).code).toBe(0)
    expect(chat.transcript[1]).toContain('shutting_down')
  })

  test.skipIf(!existsSync('/usr/bin/script'))(
    'gives the grace time for one Ctrl-C under npm, which passes it on again',
    async () => {
      const { PATH = '', HOME = '' } = process.env
      const env = {
        PATH: `${resolve('node_modules/.bin')}:${PATH}`,
        HOME,
        PORT: '0',
        REPLAY_PACE: '60000ms',
        MAX_QUEUED_TURNS: '0',
        SHUTDOWN_GRACE_MS: '1000',
      }
      const child = spawn('/usr/bin/script', ['-qec', 'npm start', '/dev/null'], { env })
      onTestFinished(() => void child.kill('SIGKILL'))
      let out = ''
      const url = await new Promise<string>((found) =>
        child.stdout.on('data', (chunk) => {
          out += String(chunk)
          const [address] = /http:\/\/127\.0\.0\.1:\d+/.exec(out) ?? []
          if (address) found(address)
        }),
      )
      const chat = await connect(`${url}/ws`)
      for (const id of ['1', '2']) chat.send({ input: 'My name is Ada.', id })
      await chat.next()
      const began = performance.now()
      child.stdin.write('\u0003')
      expect(await chat.next()).toMatchObject({ code: 'shutting_down', id: '1' })
      // A second signal would have ended the turn at once; the timer of the grace time cannot be early.
      expect(performance.now() - began).toBeGreaterThan(900)
      expect(await chat.closed).toBe(1001)
    },
  )

  test('records and makes its folder', async () => {
    const dir = join(await temporaryFolder(), 'new')
    const { child, ended, url } = start({
      MODEL_MODE: 'record',
      OPENAI_API_KEY: 'sk-x',
      OPENAI_BASE_URL: 'http://127.0.0.1:9/v1',
      FIXTURES_DIR: dir,
    })
    const chat = await connect(`${await url}/ws`)
    chat.send({ input: 'Hi' })
    expect(await chat.next()).toMatchObject({ code: 'upstream_unreachable' })
    child.kill('SIGTERM')
    const { code, out } = await ended
    expect(code).toBe(0)
    expect(out).toContain('recorded: 0 saved, 0 unchanged, 1 not saved')
  })
})
