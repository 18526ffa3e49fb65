/** Calls through a whole server: how answers arrive while they are recorded, and when they end too early. */
import { rm } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { compose, steps } from '../../kit/answers.ts'
import { type Answer, sse } from '../../kit/standin.ts'
import { callOf } from '../../kit/calls.ts'
import { good, openSocket, post, readAll, runWithStandIn } from './kit.ts'

describe('while it is recorded', () => {
  test('the head comes before anything of the body, a comment and each event before the next is sent', async () => {
    const pieces = [': keep-alive\n\n', ...good.map(sse)]
    const gates = pieces.map(() => Promise.withResolvers<void>())
    const { server } = await runWithStandIn(() => ({
      steps: pieces.flatMap((raw, index) => [{ until: gates[index]?.promise ?? Promise.resolve() }, { raw }]),
    }))
    const response = await post(server.url, { input: 'Hi', stream: true })
    expect(response.status).toBe(200)
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    let received = ''
    for (const [index, gate] of gates.entries()) {
      gate.resolve()
      const expected = pieces.slice(0, index + 1).join('')
      while (received.length < expected.length) received += (await reader?.read())?.value ?? '(the end)'
      expect(received).toBe(expected)
    }
    expect(await reader?.read()).toMatchObject({ done: true })
  })

  test('a call that does not stream is passed on as one', async () => {
    const response = JSON.stringify(good.at(-1)?.response, null, 2)
    const { server, standIn, store } = await runWithStandIn(() => ({ body: response }))
    const body = { input: 'Hi', stream: false, metadata: { a: '1' }, tools: [{ deep: [1] }], unknown: { b: null } }
    const answer = await post(server.url, body)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json'])
    expect(await answer.text()).toBe(response)
    expect(standIn.calls[0]?.body).toEqual({ model: 'gpt-4.1-mini', ...body })
    expect(answer.headers.get('x-deltatape-derived')).toBeNull()
    expect(await store.list()).toHaveLength(1)
  })

  test('streamed and not are two calls, and two fixtures', async () => {
    const { server, standIn, store } = await runWithStandIn(({ body }) =>
      body.stream === true ? { steps: steps(good) } : { body: JSON.stringify(good.at(-1)?.response) },
    )
    await readAll(await post(server.url, { input: 'Hi', stream: true }))
    await readAll(await post(server.url, { input: 'Hi' }))
    expect(standIn.calls).toHaveLength(2)
    expect(await store.list()).toHaveLength(2)
  })

  test('a fixture that could not be written is told of, and the answer comes whole', async () => {
    const { server, store } = await runWithStandIn(() => ({ steps: steps(good) }))
    await rm(store.place, { recursive: true })
    const { text, broken } = await readAll(await post(server.url, { input: 'Hi', stream: true }))
    expect([text, broken]).toEqual([good.map(sse).join(''), undefined])
    expect(server.lines.join('')).toMatch(
      /"action":"not_saved","fixture":"hi-[0-9a-f]{12}\.jsonl","why":"the file could not be written/,
    )
  })
})

describe('a client that hangs up', () => {
  test.each<[string, Answer]>([
    ['before the head', { instead: 'hang' }],
    ['after the head', { steps: ['hang'] }],
    ['after the first events', { steps: [...steps(good.slice(0, 5)), 'hang'] }],
    ['in a body of JSON', { headers: { 'content-type': 'application/json' }, steps: [{ raw: '{"id":' }, 'hang'] }],
  ])('ends the call to the API, %s', async (_when, answer) => {
    for (const mode of ['record', 'live']) {
      for (const stream of [true, false]) {
        const { server, standIn, store, called } = await runWithStandIn(() => answer, { MODEL_MODE: mode })
        const abort = new AbortController()
        const asking = post(server.url, { input: 'Hi', stream }, { signal: abort.signal }).then(readAll)
        await called()
        abort.abort()
        await asking.catch(() => {})
        expect(await standIn.calls[0]?.closed).toEqual({ whole: false })
        expect(await store.list()).toEqual([])
      }
    }
  })

  test('ends all calls that it sent at once, and holds up no end of the server', async () => {
    const large = `: ${'x'.repeat(3_000_000)}\n\n`
    const { server, standIn, called } = await runWithStandIn(
      (_call, index) => (index === 0 ? { instead: 'hang' } : { steps: [{ raw: large }, ...steps(good), 'hang'] }),
      { MODEL_MODE: 'live' },
    )
    const socket = openSocket(server.url)
    const body = '{"input":"Hi","stream":true}'
    const head = 'POST /v1/responses HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n'
    socket.write(`${head}content-length: ${body.length}\r\n\r\n${body}`.repeat(2))
    await called(2)
    socket.destroy()
    for (const { closed } of standIn.calls) expect(await closed).toEqual({ whole: false })
    await server.close()
  })

  test('right after an error event leaves the recording of it, with what follows', async () => {
    const failed = Promise.withResolvers<void>()
    const events = compose('x').error('server_error', 'Oh')
    const { server, store } = await runWithStandIn(
      () => ({ steps: [...steps(events.slice(0, -1)), { until: failed.promise }, ...steps(events.slice(-1))] }),
      { RECORD_FAILURES: '1' },
    )
    const abort = new AbortController()
    const response = await post(server.url, { input: 'Hi', stream: true }, { signal: abort.signal })
    let text = ''
    for await (const chunk of response.body ?? []) {
      text += new TextDecoder().decode(chunk)
      if (text.includes('event: error')) break
    }
    abort.abort()
    failed.resolve()
    await server.close()
    const identity = await store.identify(callOf({ model: 'gpt-4.1-mini', input: 'Hi' }))
    const records = (await store.find(identity))?.records ?? []
    expect(records.map(({ event }) => event?.type).slice(-2)).toEqual(['error', 'response.failed'])
  })
})

test('a body that is no event stream breaks when the server stops', async () => {
  const answer: Answer = { headers: { 'content-type': 'application/json' }, steps: [{ raw: '{"id":' }, 'hang'] }
  const { server } = await runWithStandIn(() => answer, { SHUTDOWN_GRACE_MS: '50' })
  const running = await post(server.url, { input: 'Hi' })
  const closing = server.close()
  expect((await readAll(running)).broken).toBeInstanceOf(TypeError)
  await closing
})
