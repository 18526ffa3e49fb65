/** Real streams, all the way: served over HTTP, recorded through the server, replayed without the upstream. */
import { describe, expect, test } from 'vitest'
import { connect } from './client.ts'
import { absent, readCorpus } from './corpus.ts'
import { expectRules } from './rules.ts'
import { startStandIn } from './standin.ts'
import { openTestStore, runServer, temporaryFolder } from './tools.ts'

const streams = readCorpus()

/** How streams that really end look, whatever a corpus holds. */
const TERMINAL = /"type":\s*"(?:response\.(?:completed|incomplete|failed)|error)"/

describe.skipIf(absent)(`the corpus${absent ? `: ${absent}` : ''}`, { timeout: 60_000 }, () => {
  test('is recorded and replayed as it was, by the rules', async () => {
    const dir = await temporaryFolder()
    const byName = new Map(streams.map((stream) => [stream.name, stream]))
    const standIn = await startStandIn(({ body }) => ({
      steps: byName.get(String(body.input))?.lines.map((line) => ({ raw: `data: ${line}\n\n` })) ?? [],
    }))
    const env = {
      FIXTURES_DIR: dir,
      MODEL_MODE: 'record',
      OPENAI_API_KEY: 'sk-stand-in',
      OPENAI_BASE_URL: standIn.url,
      RECORD_FAILURES: '1',
    }
    const recording = await runServer(env)
    const recorder = await connect(`${recording.url}/ws-stream`)
    const ids = streams.map(({ name }) => name)
    for (const name of ids) {
      recorder.send({ input: name, id: name })
      await recorder.turn()
    }
    expectRules(recorder.transcript, ids)
    await recording.close()
    await standIn.close()

    const store = openTestStore(dir)
    for (const { name, lines } of streams) {
      const { key } = await store.identify({ model: recording.config.chatbotModel, input: name })
      const fixture = await store.find(key)
      expect(
        fixture?.events.map(({ text }) => text),
        name,
      ).toEqual(lines)
      expect(fixture?.ending.end, name).toBe(TERMINAL.test(lines.at(-1) ?? '') ? 'complete' : 'truncated')
    }

    const replaying = await runServer({ FIXTURES_DIR: dir, PORT: '0' })
    const player = await connect(`${replaying.url}/ws-stream`)
    for (const name of ids) {
      player.send({ input: name, id: name })
      await player.turn()
    }
    expect(player.transcript).toEqual(recorder.transcript)
    expect(ids.length).toBeGreaterThan(0)
  })
})
