/** Upstreams without end, in a thread of their own: they are not to slow down who watches. */
import { once } from 'node:events'
import { type ServerResponse, createServer } from 'node:http'
import { parentPort } from 'node:worker_threads'
import { createGzip } from 'node:zlib'
import { parseObject } from '../../server/base/json.ts'

const BLOCK = Buffer.alloc(2 ** 20, 'a')
const OPENED = 'data: {"type":"x","text":"'
const DELTA = { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'a' }

/** What is sent again and again, after how it begins. */
const FLOODS: Readonly<Record<string, { readonly begin?: string; readonly block: Buffer }>> = {
  'an endless line': { begin: OPENED, block: BLOCK },
  'an endless line in gzip': { begin: OPENED, block: BLOCK },
  'tiny events': {
    block: Buffer.from(`data: ${JSON.stringify(DELTA)}\n\n`.repeat(1000)),
  },
  comments: { block: Buffer.from(': x\n\n'.repeat(10_000)) },
  'empty data': { block: Buffer.from('data:\n\n'.repeat(10_000)) },
}

async function pour(name: string, response: ServerResponse): Promise<void> {
  const flood = FLOODS[name]
  if (!flood) return void response.writeHead(200, { 'content-type': 'text/event-stream' }).end()
  const { begin = '', block } = flood
  const isCoded = name.endsWith('gzip')
  response.on('error', () => {})
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    ...(isCoded ? { 'content-encoding': 'gzip' } : {}),
  })
  const out = isCoded ? createGzip() : response
  if (isCoded) out.pipe(response)
  let resume: (value?: unknown) => void = () => {}
  out.on('drain', () => resume())
  response.once('close', () => resume())
  out.write(begin)
  while (!response.destroyed) {
    if (!out.write(block)) await new Promise((resolve) => void (resume = resolve))
  }
  if (isCoded) out.destroy()
}

const upstream = createServer((request, response) => {
  let body = ''
  request.on('data', (chunk) => (body += String(chunk)))
  request.on('end', () => void pour(String(parseObject(body)?.input), response))
}).listen(0, '127.0.0.1')
await once(upstream, 'listening')
parentPort?.postMessage(upstream.address(), [])
