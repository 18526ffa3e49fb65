/**
 * A stand-in for the API, which puts into each delta when it was sent: microseconds on the clock that all processes of
 * a machine share. The input says how many deltas it sends and how many ms lie between them: `100 10 …`.
 */
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { sse } from '../../test/kit/standin.ts'
import { now } from '../clock.ts'
import { announce } from './peer.ts'

const http = createServer(async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const { input }: { input: string } = JSON.parse(Buffer.concat(chunks).toString())
  const [count = 0, gapMs = 0] = input.split(' ').map(Number)
  const id = `resp_${input.replaceAll(/\W/g, '_')}`
  const place = { item_id: 'msg_1', output_index: 0, content_index: 0 }
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
  response.write(sse({ type: 'response.created', sequence_number: 0, response: { id, status: 'in_progress' } }))
  let text = ''
  for (let index = 1; index <= count; index++) {
    if (gapMs > 0) await sleep(gapMs)
    const delta = `${now()} `
    text += delta
    response.write(sse({ type: 'response.output_text.delta', sequence_number: index, ...place, delta, logprobs: [] }))
  }
  const content = [{ type: 'output_text', annotations: [], text }]
  const output = [{ id: 'msg_1', type: 'message', role: 'assistant', status: 'completed', content }]
  response.end(
    sse({ type: 'response.completed', sequence_number: count + 1, response: { id, status: 'completed', output } }),
  )
})
announce(http)
