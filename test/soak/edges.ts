/** Upstreams that never come to an end: memory stays within bounds, others are served meanwhile, and each turn ends once. */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type ServerResponse, createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createGzip } from 'node:zlib'
import { connect } from '../kit/client.ts'
import { startProcess } from './process.ts'
import type { Outcome } from './scenarios.ts'

const BLOCK = Buffer.alloc(2 ** 20, 'a')
const OPENED = 'data: {"type":"x","text":"'
const DELTA = { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'a' }

/** What is sent again and again, after how it begins. */
const FLOODS: Readonly<Record<string, { readonly begin?: string; readonly block: Buffer; readonly code: RegExp }>> = {
  'an endless line': { begin: OPENED, block: BLOCK, code: /malformed|stalled/ },
  'an endless line in gzip': { begin: OPENED, block: BLOCK, code: /malformed|stalled/ },
  'tiny events': {
    block: Buffer.from(`data: ${JSON.stringify(DELTA)}\n\n`.repeat(1000)),
    code: /malformed|stalled/,
  },
  comments: { block: Buffer.from(': x\n\n'.repeat(10_000)), code: /stalled/ },
  'empty data': { block: Buffer.from('data:\n\n'.repeat(10_000)), code: /stalled/ },
}

async function pour(name: string, response: ServerResponse): Promise<void> {
  const { begin = '', block = BLOCK } = FLOODS[name] ?? {}
  const isCoded = name.endsWith('gzip')
  response.on('error', () => {})
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    ...(isCoded ? { 'content-encoding': 'gzip' } : {}),
  })
  const out = isCoded ? createGzip() : response
  if (isCoded) out.pipe(response)
  out.write(begin)
  while (!response.destroyed) {
    if (!out.write(block)) await Promise.race([once(out, 'drain'), once(response, 'close')])
  }
  if (isCoded) out.destroy()
}

/**
 * Every flood, live and recorded, until the deadline of the turn.
 *
 * @param ms how long a turn may take
 * @param growth how much memory may grow at most, in bytes
 * @param slowest how long another request may wait, in ms
 */
export async function edges(ms: number, growth: number, slowest: number): Promise<Outcome> {
  const upstream = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += String(chunk)))
    request.on('end', () => void pour(String(JSON.parse(body).input), response))
  }).listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  const address = upstream.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const figures: string[] = []
  let held = true
  for (const mode of ['live', 'record']) {
    for (const [name, { code }] of Object.entries(FLOODS)) {
      const dir = await mkdtemp(join(tmpdir(), 'deltatape-soak-'))
      const server = await startProcess({
        MODEL_MODE: mode,
        OPENAI_API_KEY: 'sk-stand-in',
        OPENAI_BASE_URL: `http://127.0.0.1:${port}`,
        FIXTURES_DIR: dir,
        TURN_TIMEOUT_MS: String(ms),
      })
      await fetch(`${server.url}/health`)
      const before = await server.memory()
      let [most, waited, over] = [before, 0, false]
      const watching = (async () => {
        while (!over) {
          const began = performance.now()
          await (await fetch(`${server.url}/health`)).text()
          waited = Math.max(waited, performance.now() - began)
          most = Math.max(most, await server.memory())
          await sleep(20)
        }
      })()
      const chat = await connect(`${server.url}/ws`)
      const began = performance.now()
      chat.send({ input: name })
      const ended = (await chat.turn()).at(-1)?.code ?? 'message'
      const took = performance.now() - began
      over = true
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
  upstream.closeAllConnections()
  upstream.close()
  return { figure: figures.join('; '), held }
}
