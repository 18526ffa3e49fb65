/** A server whose engine goes away: nothing is taken for a miss, nothing goes live, and no client waits for what is lost. */
import { expect, test } from 'vitest'
import { onEngine } from '../kit/engines.ts'
import { compose, paced, words } from '../kit/answers.ts'
import { type OwnEngine, ownRedis } from '../kit/own-engines.ts'
import { runServer, runStandIn } from '../kit/tools.ts'

/** A Redis of its own, an API, and servers of all modes on both. */
async function setUp() {
  // What it said it has written is on its disk: it is killed.
  const engine = await ownRedis('--appendfsync', 'always')
  await engine.start()
  const standIn = await runStandIn(({ body }) => ({
    steps: paced(
      compose('one')
        .text(words(`${String(body.input)}: here.`))
        .completed(),
      'x',
      0,
    ),
  }))
  const serverIn = (MODEL_MODE: string) =>
    runServer({
      MODEL_MODE,
      FIXTURES_DIR: `redis://127.0.0.1:${engine.port}/0`,
      FIXTURES_TIMEOUT_MS: '30000',
      FIXTURES_FRESH_MS: '0',
      OPENAI_BASE_URL: standIn.url,
      OPENAI_API_KEY: 'any-key',
      REPLAY_PACE: 'instant',
    })
  return { engine, standIn, serverIn }
}

async function ask(url: string, input: string) {
  const answer = await fetch(`${url}/v1/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4.1-mini', input, stream: true }),
  })
  return { status: answer.status, text: await answer.text() }
}

const whileAway = async <T>(engine: OwnEngine, work: () => Promise<T>): Promise<T> => {
  await engine.kill('SIGKILL')
  const done = await work()
  await engine.start()
  return done
}

onEngine('redis', 'a server whose engine goes away', () =>
  test('says that it is away in replay and auto, calls nobody, and goes on when it is back', async () => {
    const { engine, standIn, serverIn } = await setUp()
    const [recording, replaying, auto] = [await serverIn('record'), await serverIn('replay'), await serverIn('auto')]
    expect(await ask(recording.url, 'Say hi')).toMatchObject({ status: 200, text: expect.stringContaining('here.') })
    for (const { url } of [replaying, auto]) expect((await ask(url, 'Say hi')).status).toBe(200)
    const calls = standIn.calls.length
    await whileAway(engine, async () => {
      for (const { url } of [replaying, auto]) {
        for (const input of ['Say hi', 'Say bye']) {
          const { status, text } = await ask(url, input)
          expect([status, text]).toEqual([503, expect.stringContaining('"code":"store_away"')])
        }
        expect((await fetch(`${url}/ready`)).status).toBe(503)
        expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: 'ok' })
      }
      expect(standIn.calls.length).toBe(calls)
      // Who records has the answer whole, and is told that it was not saved.
      expect(await ask(recording.url, 'Say bye')).toMatchObject({ status: 200, text: expect.stringContaining('here.') })
      expect(recording.lines.join('\n')).toMatch(/not_saved|not saved/)
      expect(recording.lines.join('\n')).toContain('cannot be reached')
    })
    for (const { url } of [replaying, auto]) expect((await ask(url, 'Say hi')).status).toBe(200)
    const { status, text } = await ask(replaying.url, 'Say bye')
    expect([status, text]).toEqual([404, expect.stringContaining('fixture_miss')])
    expect((await ask(recording.url, 'Say bye')).status).toBe(200)
    expect((await ask(replaying.url, 'Say bye')).status).toBe(200)
  }),
)
