/** Real streams, all the way: served over HTTP, recorded through the server, replayed without the upstream. */
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { connect } from './kit/client.ts'
import { absent, readCorpus } from './kit/corpus.ts'
import { expectRules } from './kit/rules.ts'
import { startStandIn } from './kit/standin.ts'
import { openTestStore, runServer, temporaryFolder } from './kit/tools.ts'

const streams = readCorpus()
const MODEL = 'gpt-4.1-mini'

/** How streams that really end look, whatever a corpus holds. */
const TERMINAL = /"type":\s*"(?:response\.(?:completed|incomplete|failed)|error)"/

const eventSchema = z.looseObject({ type: z.string() })

/** An upstream that answers each name with its stream, and a server that records from it into a folder of its own. */
async function startRecording() {
  const byName = new Map(streams.map((stream) => [stream.name, stream]))
  const standIn = await startStandIn(({ body }) => ({
    steps: (byName.get(String(body.input))?.lines ?? []).map((line) => ({
      raw: `event: ${eventSchema.parse(JSON.parse(line)).type}\ndata: ${line}\n\n`,
    })),
  }))
  const dir = await temporaryFolder()
  const server = await runServer({
    FIXTURES_DIR: dir,
    MODEL_MODE: 'record',
    OPENAI_API_KEY: 'sk-stand-in',
    OPENAI_BASE_URL: standIn.url,
    RECORD_FAILURES: '1',
  })
  const stop = async () => {
    await server.close()
    await standIn.close()
  }
  return { dir, url: server.url, stop }
}

const post = (url: string, body: Readonly<Record<string, unknown>>) =>
  fetch(`${url}/v1/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: MODEL, ...body }),
  })

describe.skipIf(absent)(`the corpus${absent ? `: ${absent}` : ''}`, { timeout: 60_000 }, () => {
  test('is recorded and replayed over the chat socket as it was, by the rules', async () => {
    const recording = await startRecording()
    const recorder = await connect(`${recording.url}/ws-stream`)
    const ids = streams.map(({ name }) => name)
    for (const name of ids) {
      recorder.send({ input: name, id: name })
      await recorder.turn()
    }
    expectRules(recorder.transcript, ids)
    await recording.stop()

    const store = openTestStore(recording.dir)
    for (const { name, lines } of streams) {
      const { key } = await store.identify({ model: MODEL, input: name })
      const fixture = await store.find(key)
      expect(
        fixture?.events.map(({ text }) => text),
        name,
      ).toEqual(lines)
      expect(fixture?.ending.end, name).toBe(TERMINAL.test(lines.at(-1) ?? '') ? 'complete' : 'truncated')
    }

    const replaying = await runServer({ FIXTURES_DIR: recording.dir })
    const player = await connect(`${replaying.url}/ws-stream`)
    for (const name of ids) {
      player.send({ input: name, id: name })
      await player.turn()
    }
    expect(player.transcript).toEqual(recorder.transcript)
    expect(ids.length).toBeGreaterThan(0)
  })

  test('is recorded and replayed as OpenAI speaks it: as SSE, as JSON, over a WebSocket', async () => {
    const sent = ({ lines }: (typeof streams)[number]) =>
      lines.map((line) => `event: ${eventSchema.parse(JSON.parse(line)).type}\ndata: ${line}\n\n`).join('')
    const recording = await startRecording()
    for (const stream of streams) {
      const response = await post(recording.url, { input: stream.name, stream: true })
      expect(await response.text(), stream.name).toBe(sent(stream))
    }
    await recording.stop()

    const { url } = await runServer({ FIXTURES_DIR: recording.dir })
    const ws = new WebSocket(`${url.replace('http', 'ws')}/v1/responses`)
    await once(ws, 'open')
    for (const stream of streams) {
      expect(await (await post(url, { input: stream.name, stream: true })).text(), stream.name).toBe(sent(stream))

      const last = z.looseObject({ response: z.looseObject({}) }).parse(JSON.parse(stream.lines.at(-1) ?? ''))
      const { output, ...whole } = z
        .looseObject({ output: z.unknown() })
        .parse(await (await post(url, { input: stream.name })).json())
      const { output: listed, ...expected } = z.looseObject({ output: z.unknown() }).parse(last.response)
      expect(whole, stream.name).toEqual(expected)
      if (Array.isArray(listed) && listed.length > 0) expect(output, stream.name).toEqual(listed)

      const received: string[] = []
      const done = Promise.withResolvers<void>()
      const onMessage = (data: unknown) => {
        received.push(String(data))
        if (received.length === stream.lines.length) done.resolve()
      }
      ws.on('message', onMessage)
      ws.send(JSON.stringify({ type: 'response.create', model: MODEL, input: stream.name }))
      await done.promise
      ws.off('message', onMessage)
      expect(received, stream.name).toEqual(stream.lines)
    }
    ws.close()
  })
})
