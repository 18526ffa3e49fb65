/** Upstreams that never come to an end: memory stays within bounds, others are served meanwhile, and each turn ends once. */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { connect } from '../kit/client.ts'
import { startProcess } from './process.ts'
import type { Outcome } from './scenarios.ts'

/** How a turn ends, by what is sent without end. */
const ENDS: Readonly<Record<string, RegExp>> = {
  'an endless line': /malformed|stalled/,
  'an endless line in gzip': /malformed|stalled/,
  'tiny events': /malformed|stalled/,
  comments: /stalled/,
  'empty data': /stalled/,
}

/** Asks on a connection of its own: a new server may have the port of one that is gone, whose connections are no good. */
async function askHealth(url: string): Promise<void> {
  const [response] = await once(get(`${url}/health`, { agent: false }), 'response')
  response.resume()
  await once(response, 'end')
}

/**
 * Every flood, live and recorded, until the deadline of the turn.
 *
 * @param ms how long a turn may take
 * @param growth how much memory may grow at most, in bytes
 * @param slowest how long another request may wait, in ms
 */
export async function edges(ms: number, growth: number, slowest: number): Promise<Outcome> {
  const upstream = new Worker(new URL('./flood.ts', import.meta.url))
  const [address] = await once(upstream, 'message')
  const figures: string[] = []
  let held = true
  for (const mode of ['live', 'record']) {
    for (const [name, code] of Object.entries(ENDS)) {
      const dir = await mkdtemp(join(tmpdir(), 'deltatape-soak-'))
      const server = await startProcess({
        MODEL_MODE: mode,
        OPENAI_API_KEY: 'sk-stand-in',
        OPENAI_BASE_URL: `http://127.0.0.1:${address.port}`,
        FIXTURES_DIR: dir,
        TURN_TIMEOUT_MS: String(ms),
      })
      await askHealth(server.url)
      const chat = await connect(`${server.url}/ws`)
      // What the first call loads is loaded.
      chat.send({ input: 'nothing' })
      await chat.turn()
      const before = await server.memory()
      let [most, waited] = [before, 0]
      const over = new AbortController()
      const watching = (async () => {
        while (!over.signal.aborted) {
          const began = performance.now()
          await askHealth(server.url)
          waited = Math.max(waited, performance.now() - began)
          most = Math.max(most, await server.memory())
          await sleep(20)
        }
      })()
      const began = performance.now()
      chat.send({ input: name })
      const ended = String((await chat.turn()).at(-1)?.code)
      const took = performance.now() - began
      over.abort()
      await watching
      await chat.close()
      const well = (await server.stop()) === 0
      await rm(dir, { recursive: true, force: true })
      held &&= well && code.test(ended) && most - before <= growth && waited <= slowest && took < ms + slowest + 1000
      figures.push(
        `${name} (${mode}): ${ended} after ${Math.round(took)} ms, +${Math.round((most - before) / 2 ** 20)} MB, /health ${Math.round(waited)} ms`,
      )
    }
  }
  await upstream.terminate()
  return { figure: figures.join('; '), held }
}
