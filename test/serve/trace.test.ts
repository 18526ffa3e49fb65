/** The trace of a client: in the log, and with the call that is made for it; nowhere else. */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { traceHeaders, traceOf } from '../../server/serve/trace.ts'
import { steps } from '../kit/answers.ts'
import { connect } from '../kit/client.ts'
import { scrape } from '../kit/scrape.ts'
import { good, post, readAll, runWithStandIn } from './http/kit.ts'

const [TRACE, SPAN] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331']
const traceparent = `00-${TRACE}-${SPAN}-01`
const tracestate = 'vendor=opaque'

describe('what a client says', () => {
  test('is a trace by its form alone', () => {
    expect(traceOf([['TraceParent', traceparent]])).toEqual({ traceId: TRACE, spanId: SPAN, flags: '01' })
    const none = [
      '',
      `01-${TRACE}-${SPAN}-01`,
      `00-${TRACE.toUpperCase()}-${SPAN}-01`,
      `00-${'0'.repeat(32)}-${SPAN}-01`,
      `00-${TRACE}-${'0'.repeat(16)}-01`,
      `${traceparent}-more`,
      `${traceparent}\n`,
    ]
    for (const value of none) expect(traceOf([['traceparent', value]]), value).toBeUndefined()
    expect(
      traceOf([
        ['traceparent', traceparent],
        ['traceparent', traceparent],
      ]),
    ).toBeUndefined()
    expect(traceOf([])).toBeUndefined()
  })

  test('goes on with its state, if that is no longer than it may be, and with nothing else', () => {
    const parent = ['traceparent', traceparent] as const
    const others = [
      ['authorization', 'Bearer x'],
      ['x-trace', '1'],
    ] as const
    expect(traceHeaders([...others, parent, ['tracestate', tracestate]])).toEqual([parent, ['tracestate', tracestate]])
    expect(traceHeaders([parent, ['tracestate', 'x'.repeat(513)]])).toEqual([parent])
    expect(
      traceHeaders([
        ['traceparent', 'x'],
        ['tracestate', tracestate],
      ]),
    ).toEqual([])
  })
})

const headers = { traceparent, tracestate }

/** Asks in each way in which a client can; the server's own log lines of turns. */
async function asked(env: Record<string, string> = {}) {
  const { server, standIn, dir } = await runWithStandIn(() => ({ steps: steps(good) }), env)
  const chat = await connect(`${server.url}/ws`, { headers })
  chat.send({ input: 'by chat' })
  await chat.turn()
  await chat.close()
  await readAll(
    await post(
      server.url,
      { input: 'by HTTP', stream: true },
      { headers: { ...headers, 'content-type': 'application/json' } },
    ),
  )
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v1/responses`, { headers })
  await once(socket, 'open')
  socket.send(JSON.stringify({ type: 'response.create', model: 'gpt-4.1-mini', input: 'by WebSocket' }))
  for (let last = ''; !last.includes('response.completed'); last = String((await once(socket, 'message'))[0]));
  socket.close()
  await once(socket, 'close')
  const turns = server.lines.map((line) => JSON.parse(line)).filter(({ frames, records }) => frames ?? records)
  return { server, standIn, dir, turns }
}

describe('a trace', () => {
  test('is in the log line of each turn, and goes to the API as it came', async () => {
    const { turns, standIn } = await asked()
    expect(turns.map(({ endpoint }) => endpoint)).toEqual(['/ws', '/v1/responses', '/v1/responses'])
    for (const line of turns) expect(line).toMatchObject({ trace_id: TRACE, span_id: SPAN, trace_flags: '01' })
    expect(standIn.calls).toHaveLength(3)
    for (const call of standIn.calls) expect(call.headers).toMatchObject(headers)
  })

  test('is in no fixture, counts for no key, and is no label', async () => {
    const { server, dir, standIn } = await asked({ MODEL_MODE: 'auto' })
    for (const file of await readdir(dir)) {
      const text = await readFile(join(dir, file), 'utf8')
      expect([text.includes(TRACE), text.includes('vendor')]).toEqual([false, false])
    }
    for (const input of ['by chat', 'by HTTP', 'by WebSocket'])
      await readAll(await post(server.url, { input, stream: true }))
    expect(standIn.calls).toHaveLength(3)
    expect((await scrape(server.url)).own.join('\n')).not.toContain(TRACE)
  })
})
