/** promptfoo, run as a user runs it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { freePort } from './kit/ports.ts'
import { answerBundled, atOnce } from './kit/bundled.ts'
import { BIN, QUIET } from './kit/promptfoo.ts'
import { runServer, runStandIn, temporaryFolder } from './kit/tools.ts'

/** Of the results: what the tests look at. */
const resultsSchema = z.object({
  results: z.object({
    stats: z.object({ successes: z.number(), failures: z.number(), errors: z.number() }),
    results: z.array(
      z.object({
        success: z.boolean(),
        vars: z.record(z.string(), z.unknown()),
        error: z.string().nullish(),
        response: z
          .looseObject({ output: z.unknown().optional(), metadata: z.record(z.string(), z.unknown()).optional() })
          .nullish(),
      }),
    ),
  }),
})

/** Says on stderr whenever something leaves the loopback interface, or a name is looked up. */
const WATCH = `data:text/javascript,${encodeURIComponent(`
  import net from 'node:net'
  import dns from 'node:dns'
  const local = (host) => host === undefined || host === 'localhost' || host === '::1' || host.startsWith('127.')
  const connect = net.Socket.prototype.connect
  net.Socket.prototype.connect = function (...args) {
    const [options] = Array.isArray(args[0]) ? args[0] : args
    if (typeof options === 'object' && !options.path && net.isIP(options.host ?? '') && !local(options.host)) process.stderr.write('LEFT: ' + options.host + '\\n')
    return connect.apply(this, args)
  }
  for (const [owner, name] of [[dns, 'lookup'], [dns, 'resolve'], [dns.promises, 'lookup'], [dns.promises, 'resolve']]) {
    const original = owner[name]
    owner[name] = (host, ...rest) => {
      if (!local(host)) process.stderr.write('LEFT: ' + host + '\\n')
      return original.call(owner, host, ...rest)
    }
  }
`)}`

/** Runs a command in the project's root; its exit code, its output, and the rows that promptfoo wrote. */
async function run(command: readonly string[], env: Record<string, string>) {
  const home = await temporaryFolder()
  const file = join(home, 'results.json')
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, [...command, '-o', file], {
    env: { PATH, HOME, PROMPTFOO_CONFIG_DIR: home, ...env },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  child.stdout.on('data', (chunk) => (output += String(chunk)))
  child.stderr.on('data', (chunk) => (output += String(chunk)))
  const [code] = await once(child, 'close')
  const written = await readFile(file, 'utf8').catch(() => undefined)
  const { results, stats } =
    written === undefined ? { results: [], stats: undefined } : resultsSchema.parse(JSON.parse(written)).results
  return { code: Number(code), output, results, stats }
}

const evalIn = (mode: string, env: Record<string, string>) =>
  run(['--import', 'tsx', 'test/eval/run.ts', mode, '--no-table'], env)

test('what watches the eval sees what leaves', async () => {
  const leave =
    "import('node:net').then(({ connect }) => connect(9, '192.0.2.1').on('error', () => {}).unref()); fetch('http://nowhere.invalid').catch(() => {}); import('node:dns').then(({ promises }) => promises.lookup('else.invalid').catch(() => {}))"
  const child = spawn(process.execPath, [`--import=${WATCH}`, '-e', leave])
  let seen = ''
  child.stderr.on('data', (chunk) => (seen += String(chunk)))
  await once(child, 'close')
  expect(
    seen
      .split('\n')
      .filter((line) => line.startsWith('LEFT'))
      .toSorted(),
  ).toEqual(['LEFT: 192.0.2.1', 'LEFT: else.invalid', 'LEFT: nowhere.invalid'])
})

describe('the eval', () => {
  test('passes offline, row by row, and nothing leaves the loopback interface', async () => {
    const { code, output, results, stats } = await evalIn('replay', {
      PORT: await freePort(),
      NODE_OPTIONS: `--import=${WATCH}`,
    })
    expect(output).not.toContain('LEFT:')
    expect(stats).toEqual({ successes: 27, failures: 0, errors: 0 })
    expect(code).toBe(0)
    expect(results).toHaveLength(27)
    const hello = results.find(({ vars }) => vars.body === 'Hello world')
    expect(hello?.response?.metadata).toMatchObject({
      deltas: expect.any(Number),
      firstDeltaMs: expect.any(Number),
      joinedEqualsMessage: true,
      status: 'completed',
    })
  })

  test('records with one variable what is asked, and leaves out what only a replay can do', async () => {
    const dir = await temporaryFolder()
    const standIn = await runStandIn((call) => atOnce(answerBundled(call)))
    const { code, output, stats } = await evalIn('record', {
      PORT: await freePort(),
      FIXTURES_DIR: dir,
      OPENAI_API_KEY: 'sk-stand-in',
      OPENAI_BASE_URL: standIn.url,
    })
    expect(stats).toEqual({ successes: 10, failures: 0, errors: 0 })
    expect(code).toBe(0)
    expect(await readdir(dir)).toHaveLength(10)
    expect(output).toContain('recorded: 10 saved, 0 unchanged, 0 not saved')
  })

  test("a config like promptfoo's own example passes, and a missing fixture is an error that says what to do", async () => {
    const { url } = await runServer({})
    const config = join(await temporaryFolder(), 'promptfooconfig.json')
    const streamResponse = `(soFar, event, context) => {
      const frame = JSON.parse(event.data);
      if (frame.type === 'error') return [{ error: frame.message }, true];
      return [{ output: frame.message }, frame.type === 'message'];
    }`
    const target = {
      id: `${url.replace('http', 'ws')}/ws-stream`,
      config: { messageTemplate: '{"input": {{prompt | dump}}}', streamResponse },
    }
    const bodies = ['Hello world', "I'm hungry", 'Good night']
    await writeFile(
      config,
      JSON.stringify({
        prompts: ['Rephrase this in {{language}}: {{body}}', 'Translate this to conversational {{language}}: {{body}}'],
        targets: [target],
        tests: ['French', 'Pirate'].flatMap((language) => bodies.map((body) => ({ vars: { language, body } }))),
      }),
    )
    const { code, results, stats } = await run([BIN, 'eval', '-c', config, '--no-cache', '--no-table'], QUIET)
    expect(stats).toEqual({ successes: 8, failures: 0, errors: 4 })
    expect(code).toBe(100)
    const errors = results.flatMap(({ vars, error }) => (vars.body === 'Good night' ? [error] : []))
    for (const error of errors) expect(error).toMatch(/No fixture for this request .* MODEL_MODE=auto/)
  })

  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('ends with %s to npm, and promptfoo with it', async (signal, code) => {
    const home = await temporaryFolder()
    const { PATH = '', HOME = '' } = process.env
    const PORT = await freePort()
    const child = spawn('npm', ['run', 'eval'], {
      env: { PATH, HOME, PORT, PROMPTFOO_CONFIG_DIR: home, REPLAY_PACE: '60000ms', LOG_LEVEL: 'info' },
      detached: true,
    })
    onTestFinished(() => {
      // The whole group, if anything of it is left.
      if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    })
    // promptfoo lets its turns end after the first Ctrl-C, and ends at once with the second.
    const tell = (chunk: Buffer) => /deltatape listens on|Press Ctrl\+C again/.test(String(chunk)) && child.kill(signal)
    child.stdout.on('data', tell)
    child.stderr.on('data', tell)
    expect((await once(child, 'close'))[0]).toBe(code)
    await expect(fetch(`http://127.0.0.1:${PORT}/health`)).rejects.toThrow('fetch failed')
  })

  test('is refused if a stranger answers on the port, or a server in another mode', async () => {
    const stranger = createServer((_request, response) => void response.end('hello')).listen(0, '127.0.0.1')
    await once(stranger, 'listening')
    const address = stranger.address()
    const refused = await evalIn('replay', { PORT: typeof address === 'object' && address ? String(address.port) : '' })
    stranger.close()
    expect(refused.code).not.toBe(0)
    expect(refused.output).toContain('Something that is no deltatape answers on port')

    const { url } = await runServer({})
    const { port } = new URL(url)
    const other = await evalIn('live', { PORT: port, OPENAI_API_KEY: 'sk-x' })
    expect(other.code).not.toBe(0)
    expect(other.output).toContain(`The deltatape on port ${port} is in replay mode, and this eval wants live.`)
    expect((await fetch(`${url}/health`)).status).toBe(200)
  })
})
