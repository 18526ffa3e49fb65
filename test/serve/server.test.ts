/** The whole server in this process: what is recorded is what is replayed, and how it starts and stops. */
import { once } from 'node:events'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { compose, steps, words } from '../kit/answers.ts'
import { BUNDLED, FAILURES, UNREACHABLE, answerBundled, atOnce } from '../kit/bundled.ts'
import { connect } from '../kit/client.ts'
import { expectRules } from '../kit/rules.ts'
import { startStandIn, type StandIn } from '../kit/standin.ts'
import { ignoredFolder, runServer, runStandIn, temporaryFolder } from '../kit/tools.ts'

const KEY = 'sk-the-key-of-this-server'

const recordFrom = (standIn: StandIn, dir: string, env: Record<string, string> = {}) =>
  runServer({
    MODEL_MODE: 'record',
    OPENAI_API_KEY: KEY,
    OPENAI_BASE_URL: standIn.url,
    FIXTURES_DIR: dir,
    RECORD_FAILURES: '1',
    IDLE_TIMEOUT_MS: '200',
    ...env,
  })

/** Asks one question on a connection of its own; the texts of its frames. */
async function ask(url: string, input: string): Promise<string[]> {
  const chat = await connect(`${url}/ws-stream`)
  chat.send({ input, id: 'turn' })
  await chat.turn()
  await chat.close()
  return [...chat.transcript]
}

describe('what is recorded is what is replayed, byte for byte, twice', () => {
  /** Everything but the long one, which would take its time; the API sends it all at once here. */
  const inputs = BUNDLED.filter(({ after, input }) => after === undefined && !input.startsWith('Count')).map(
    ({ input }) => input,
  )

  test('answers and failures of every kind', async () => {
    const dir = await temporaryFolder()
    const standIn = await startStandIn((call) => atOnce(answerBundled(call)))
    const recording = await recordFrom(standIn, dir)
    const recorded = new Map(
      await Promise.all(inputs.map(async (input) => [input, await ask(recording.url, input)] as const)),
    )
    await recording.close()
    await standIn.close()
    const unreachable = await recordFrom(standIn, dir)
    recorded.set(UNREACHABLE.input, await ask(unreachable.url, UNREACHABLE.input))
    await unreachable.close()

    const replaying = await runServer({ FIXTURES_DIR: dir })
    for (const [input, frames] of recorded) {
      expectRules(frames, ['turn'])
      expect(await ask(replaying.url, input)).toEqual(frames)
      expect(await ask(replaying.url, input)).toEqual(frames)
    }
    const codes = Object.values(FAILURES)
      .map((input) => recorded.get(input)?.at(-1))
      .map((text): unknown => JSON.parse(text ?? '{}').code)
    expect(codes).toEqual([
      'upstream_refused',
      'upstream_unreachable',
      'upstream_error',
      'upstream_failed',
      'upstream_truncated',
      'upstream_reset',
      'upstream_stalled',
      'upstream_malformed',
    ])
  })
})

test('while it is recorded, the first delta reaches the client before the API has sent the second', async () => {
  const second = Promise.withResolvers<void>()
  const events = compose('x').text(words('one two three')).completed()
  const at = events.findIndex(({ type }) => type === 'response.output_text.delta') + 1
  const standIn = await runStandIn(() => ({
    steps: [...steps(events.slice(0, at)), { until: second.promise }, ...steps(events.slice(at))],
  }))
  const { url } = await recordFrom(standIn, await temporaryFolder())
  const chat = await connect(`${url}/ws-stream`)
  chat.send({ input: 'Hi' })
  expect(await chat.next()).toEqual({ type: 'delta', message: 'one' })
  second.resolve()
  expect((await chat.turn()).at(-1)).toMatchObject({ message: 'one two three' })
})

test('who has seen the last frame finds the fixture on the disk', async () => {
  const dir = await temporaryFolder()
  const standIn = await runStandIn(() => ({ steps: steps(compose('x').text(['a']).completed()) }))
  const { url } = await recordFrom(standIn, dir)
  await ask(url, 'Hi')
  expect(await readdir(dir)).toHaveLength(1)
})

test('a conversation recorded twice has the same three names, though every id is another', async () => {
  const dir = await temporaryFolder()
  const record = async (salt: string) => {
    const standIn = await runStandIn((call) => atOnce(answerBundled(call, salt)))
    const { url, close } = await recordFrom(standIn, dir)
    let previous: unknown
    for (const input of ['My name is Ada.', 'What is my name?', 'Spell it backwards.']) {
      const chat = await connect(`${url}/ws`)
      chat.send({ input, previous_response_id: previous })
      const frame = await chat.next()
      expect(frame.response_id).not.toBe(previous)
      previous = frame.response_id
    }
    await close()
    return { names: await readdir(dir), last: previous }
  }
  const [first, second] = [await record('one'), await record('two')]
  expect(first.names).toHaveLength(3)
  expect(second.names).toEqual(first.names)
  expect(second.last).not.toBe(first.last)
})

test('the key is in no fixture, no log line and no frame, though the API repeats it', async () => {
  const dir = await temporaryFolder()
  const leaks = [
    { status: 401, body: JSON.stringify({ error: { message: `Incorrect API key provided: ${KEY}.` } }) },
    { status: 500, body: `<p>${KEY}</p>`, headers: { 'content-type': 'text/html', 'x-request-id': KEY } },
    { steps: steps(compose('x').error('server_error', `Your key ${KEY} is bad`)) },
    { steps: steps(compose('x').failed('server_error', `Your key ${KEY} is bad`)) },
    { steps: [{ raw: `data: {${KEY}\n\n` }] },
    { body: KEY },
  ]
  const standIn = await runStandIn((_call, index) => leaks[index] ?? {})
  const { url, lines, close } = await recordFrom(standIn, dir, { LOG_LEVEL: 'debug' })
  const frames: string[] = []
  for (const [index] of leaks.entries()) frames.push(...(await ask(url, `leak ${index}`)))
  await close()
  expect(frames).toHaveLength(leaks.length)
  const files = await Promise.all((await readdir(dir)).map((name) => readFile(join(dir, name), 'utf8')))
  expect(files).toHaveLength(leaks.length)
  expect([...frames, ...lines, ...files].join('\n')).not.toContain(KEY)
  expect(standIn.calls.every(({ headers }) => headers.authorization === `Bearer ${KEY}`)).toBe(true)
})

describe('start', () => {
  test('a port that is taken is told so', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    onTestFinished(() => void other.close())
    const address = other.address()
    const port = typeof address === 'object' && address ? String(address.port) : ''
    await expect(runServer({ PORT: port })).rejects.toMatchObject({
      code: 'listen_failed',
      message: expect.stringContaining(`Port ${port} on 127.0.0.1 is in use`),
    })
  })

  test('a host that is none of this machine is told so', async () => {
    await expect(runServer({ HOST: '192.0.2.1', ALLOW_UNPROTECTED: '1' })).rejects.toMatchObject({
      message: expect.stringContaining('no address of this machine'),
    })
  })

  test('a fixtures folder that cannot serve is told so', async () => {
    const dir = await temporaryFolder()
    await writeFile(join(dir, 'file'), '')
    await expect(runServer({ FIXTURES_DIR: join(dir, 'none') })).rejects.toMatchObject({ code: 'fixtures_unusable' })
    await expect(runServer({ FIXTURES_DIR: join(dir, 'file') })).rejects.toMatchObject({ code: 'fixtures_unusable' })
    await runServer({ FIXTURES_DIR: join(dir, 'new'), MODEL_MODE: 'record', OPENAI_API_KEY: KEY })
    expect(await readdir(dir)).toContain('new')
  })

  test('live touches no fixtures folder', async () => {
    await runServer({ FIXTURES_DIR: join(await temporaryFolder(), 'none'), MODEL_MODE: 'live', OPENAI_API_KEY: KEY })
  })
})

describe('close', () => {
  test('lets a running turn end, refuses new ones, and then says goodbye', async () => {
    const gate = Promise.withResolvers<void>()
    const events = compose('x').text(words('one two')).completed()
    const standIn = await runStandIn(() => ({
      steps: [...steps(events.slice(0, 5)), { until: gate.promise }, ...steps(events.slice(5))],
    }))
    const server = await recordFrom(standIn, await temporaryFolder(), { IDLE_TIMEOUT_MS: '5000' })
    const chat = await connect(`${server.url}/ws-stream`)
    const idle = await connect(`${server.url}/ws-stream`)
    chat.send({ input: 'Hi', id: '1' })
    await chat.next()
    const closing = server.close()
    expect(await idle.closed).toBe(1001)
    chat.send({ input: 'late', id: '2' })
    await expect(connect(`${server.url}/ws`)).rejects.toThrow()
    gate.resolve()
    expect(await chat.closed).toBe(1001)
    await closing
    const turns = expectRules(chat.transcript, ['1', '2'])
    expect(turns.map((turn) => turn.at(-1)?.code)).toEqual([undefined, 'shutting_down'])
  })

  test('ends what is left after the grace time, each turn with its frame', async () => {
    const standIn = await runStandIn(() => ({ steps: [...steps(compose('x').text(['a']).cut().events), 'hang'] }))
    const server = await recordFrom(standIn, await temporaryFolder(), {
      SHUTDOWN_GRACE_MS: '50',
      IDLE_TIMEOUT_MS: '5000',
    })
    const chat = await connect(`${server.url}/ws-stream`)
    for (const id of ['1', '2', '3']) chat.send({ input: `Hi ${id}`, id })
    await chat.next()
    await server.close()
    expect(await chat.closed).toBe(1001)
    const turns = expectRules(chat.transcript, ['1', '2', '3'])
    expect(turns.map((turn) => turn.at(-1)?.code)).toEqual(['shutting_down', 'shutting_down', 'shutting_down'])
    expect(await standIn.calls[0]?.closed).toEqual({ whole: false })
  })

  test('waits for no client that does not answer', async () => {
    const server = await runServer({})
    const chat = await connect(`${server.url}/ws`)
    chat.ws.pause()
    await server.close()
    chat.ws.terminate()
  })

  test('says what was recorded', async () => {
    const standIn = await runStandIn(() => ({ steps: steps(compose('x').text(['a']).completed()) }))
    const server = await recordFrom(standIn, await temporaryFolder())
    await ask(server.url, 'Hi')
    await server.close()
    expect(server.lines.at(-1)).toContain('recorded: 1 saved, 0 unchanged, 0 not saved')
  })

  test('says that git ignores what was recorded; where nothing was, it does not ask', async () => {
    const standIn = await runStandIn(() => ({ steps: steps(compose('x').text(['a']).completed()) }))
    const dir = await ignoredFolder()
    for (const ignored of [1, 0]) {
      const server = await recordFrom(standIn, dir, { MODEL_MODE: 'auto' })
      await ask(server.url, 'Hi')
      await server.close()
      const told = server.lines.filter((line) =>
        line.includes('git ignores a fixture by line 1 of .gitignore (*.jsonl)'),
      )
      expect(told).toHaveLength(ignored)
    }
  })
})
