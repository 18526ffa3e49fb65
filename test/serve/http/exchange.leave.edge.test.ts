/** Clients that leave, and a server that ends, in the middle of calls. */
import { describe, expect, test } from 'vitest'
import type { AnswerRecord, Batch } from '../../../server/api/record.ts'
import { systemClock } from '../../../server/base/clock.ts'
import { shuttingDown } from '../../../server/base/errors.ts'
import { fresh } from '../../../server/base/memo.ts'
import { createLedger } from '../../../server/base/ledger.ts'
import { createRedactor } from '../../../server/redact/redactor.ts'
import { readConfig } from '../../../server/serve/config.ts'
import { createExchanges } from '../../../server/serve/http/exchange.ts'
import { createJournal } from '../../../server/serve/journal.ts'
import { compose, steps } from '../../kit/answers.ts'
import { FAILURES } from '../../kit/bundled.ts'
import { STREAM, toRecords } from '../../kit/calls.ts'
import { folderWith, readableLog, runServer } from '../../kit/tools.ts'
import { good, post, readAll, runWithStandIn } from './kit.ts'

describe('a client that hangs up', () => {
  test('right after the terminal event leaves a whole recording', async () => {
    const { server, store } = await runWithStandIn(() => ({ steps: [...steps(good), 'hang'] }))
    const abort = new AbortController()
    const response = await post(server.url, { input: 'Hi', stream: true }, { signal: abort.signal })
    let text = ''
    for await (const chunk of response.body ?? []) {
      text += new TextDecoder().decode(chunk)
      if (text.includes('event: response.completed')) break
    }
    abort.abort()
    expect(await store.list()).toHaveLength(1)
  })

  /** A stream whose model has sent an `error` event, and what follows it, and waits; how it goes on when it is told to. */
  const runTail = async (...following: readonly AnswerRecord[]) => {
    const waiting = Promise.withResolvers<void>()
    const { log } = readableLog()
    let aborted: boolean | undefined
    async function* records(signal: AbortSignal): AsyncGenerator<Batch, void> {
      yield fresh(toRecords([{ type: 'error', error: { message: 'Oh' } }]))
      for (const record of following) yield fresh([record])
      await waiting.promise
      aborted = signal.aborted
      signal.throwIfAborted()
    }
    const leavers: (() => void)[] = []
    const exchanges = createExchanges({
      config: readConfig({ MODEL_MODE: 'live' }),
      model: async (_call, signal) => ({ head: STREAM, records: records(signal) }),
      redactor: createRedactor(),
      clock: systemClock,
      journal: createJournal(log, 'live'),
      log,
    })
    const { body } = await exchanges.answer({
      method: 'POST',
      target: '/v1/responses',
      headers: [['content-type', 'application/json']],
      body: Buffer.from('{"stream":true}'),
      account: createLedger(2 ** 28).open(),
      onLeave: (leave) => void leavers.push(leave),
    })
    const goOn = async () => {
      waiting.resolve()
      let text = ''
      if (body === 'broken' || 'byteLength' in body) throw new Error('It is not a stream.')
      for await (const chunk of body) text += Buffer.from(chunk).toString()
      return { text, aborted }
    }
    const leave = () => {
      for (const act of leavers) act()
    }
    return { exchanges, goOn, leave }
  }

  test('right after an error event ends the call if nobody records it', async () => {
    const { goOn, leave } = await runTail()
    leave()
    expect(await goOn()).toMatchObject({ aborted: true })
  })

  test.each<[string, readonly AnswerRecord[]]>([
    ['right after an error event', []],
    ['when only a comment came after it', [{ at: 0, wire: ': ping\n\n' }]],
    ['when only the end of the stream was said', [{ at: 0, wire: 'data: [DONE]\n\n', data: '[DONE]' }]],
  ])('and a server that stops %s says nothing more', async (_when, following) => {
    const { exchanges, goOn } = await runTail(...following)
    exchanges.stop(shuttingDown())
    const { text, aborted } = await goOn()
    expect(aborted).toBe(true)
    expect(text.match(/event: error/g)).toHaveLength(1)
  })
})

describe('limits and the end', () => {
  test('more calls than MAX_CONNECTIONS are busy', async () => {
    const { url } = await runServer({ MAX_CONNECTIONS: '1', REPLAY_PACE: '60000ms' })
    const request = { input: FAILURES.truncated, stream: true, stream_options: { include_obfuscation: false } }
    const first = await post(url, request)
    const second = await post(url, request)
    expect(second.status).toBe(503)
    expect(await second.json()).toMatchObject({ error: { code: 'busy' } })
    await first.body?.cancel()
  })

  test('a stream that runs when the server stops ends with an error event, one that has not begun with 503', async () => {
    const { server, called } = await runWithStandIn(
      (_call, index) => (index === 0 ? { steps: [...steps(good.slice(0, 5)), 'hang'] } : { instead: 'hang' }),
      { SHUTDOWN_GRACE_MS: '50' },
    )
    const running = await post(server.url, { input: 'Hi', stream: true })
    const waiting = post(server.url, { input: 'Ho', stream: true })
    await called(2)
    const closing = server.close()
    const { text, broken } = await readAll(running)
    expect(broken).toBeUndefined()
    expect(text).toMatch(
      /event: error\ndata: \{"type":"error","status":503,"error":\{.*"code":"shutting_down"\}\}\n\n$/,
    )
    expect((await waiting).status).toBe(503)
    await closing
  })

  test('a client that does not read does not hold up the end of the server', async () => {
    const pieces = Array.from({ length: 200 }, (_, index) => `${index}${'x'.repeat(60_000)}`)
    const dir = await folderWith({ Hi: { events: compose('large').text(pieces).completed() } })
    const server = await runServer({ FIXTURES_DIR: dir, SHUTDOWN_GRACE_MS: '50' })
    const response = await post(server.url, { input: 'Hi', stream: true })
    const reader = response.body?.getReader()
    await reader?.read()
    await server.close()
    await reader?.cancel().catch(() => {})
  })
})
