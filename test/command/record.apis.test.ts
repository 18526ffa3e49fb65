/** Recordings of every kind of API, recorded again and checked: against the same answers, others, and none. */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Environment } from '../../server/base/variables.ts'
import { EXCHANGES, type Exchange, answerOf, apisAt, recordExchanges, runApis } from '../kit/exchanges.ts'
import type { Call, StandIn } from '../kit/standin.ts'
import { deltatape } from '../kit/tools.ts'

/** A folder with a recording of each exchange, and who answered. */
async function recorded(exchanges: readonly Exchange[] = EXCHANGES) {
  const standIn = await runApis(exchanges)
  return { standIn, ...(await recordExchanges(standIn, exchanges)) }
}

const linesTooLong = (out: string) => out.split('\n').filter((line) => line.length > 80)

describe('record', () => {
  const run = (standIn: Pick<StandIn, 'url'>, dir: string, args: readonly string[] = [], env: Environment = {}) =>
    deltatape(['record', '--fixtures', dir, ...args], { env: { ...apisAt(standIn), ...env } })

  const askedOf = ({ method, path, body }: Call) => JSON.stringify([method, path, body])

  const textsIn = async (dir: string) => {
    const names = (await readdir(dir)).toSorted()
    return Promise.all(names.map((name) => readFile(join(dir, name), 'utf8')))
  }

  test('--check asks each API what was asked, with the headers that count and its own key, and finds the same', async () => {
    const { standIn, dir } = await recorded()
    const asked = standIn.calls.length
    const { code, out } = await run(standIn, dir, ['--check'])
    expect(out).toContain(`\n${EXCHANGES.length} the same, 0 with drift, 0 could not check\n`)
    expect(out).toMatch(/^chat-completions at localhost:\d+ +1 the same$/m)
    expect([code, linesTooLong(out)]).toEqual([0, []])
    const again = standIn.calls.slice(asked)
    expect(again.map(askedOf).toSorted()).toEqual(standIn.calls.slice(0, asked).map(askedOf).toSorted())
    const keyOf = ({ headers }: Call) => headers['x-api-key'] ?? headers['x-goog-api-key'] ?? headers.authorization
    const keys = Object.fromEntries(
      again.map((call) => [`${call.headers.host?.replace(/:.*/, '')} ${call.path}`, keyOf(call)]),
    )
    expect(keys).toMatchObject({
      '127.0.0.1 /v1/chat/completions': 'Bearer sk-test',
      '127.0.0.1 /v1/messages': 'sk-ant-test',
      '127.0.0.1 /v1beta/models/gemini-x:streamGenerateContent?alt=sse': 'gemini-test',
      '127.0.0.1 /v2/chat': 'Bearer cohere-test',
      '127.0.0.1 /model/amazon.nova-x/converse-stream': 'Bearer bedrock-test',
    })
    expect([keys['127.0.0.1 /api/chat'], keys['localhost /v1/chat/completions']]).toEqual([undefined, undefined])
    const [message] = again.filter(({ path }) => path === '/v1/messages')
    expect(message?.headers).toMatchObject({ 'anthropic-version': '2023-06-01', 'content-type': 'application/json' })
  })

  test('saves the new answers under the same keys', async () => {
    const { standIn, dir } = await recorded()
    const names = await readdir(dir)
    expect((await run(standIn, dir)).out).toContain(`\n0 refreshed, ${EXCHANGES.length} unchanged, 0 failed\n`)
    const told = EXCHANGES.filter(({ text }) => text !== undefined)
    const other = await runApis(EXCHANGES, (exchange) =>
      exchange.text === undefined
        ? undefined
        : answerOf({ ...exchange, answer: String(exchange.answer).replaceAll('Hello', 'Goodbye') }),
    )
    // The fixtures of other hosts belong to these hosts alone.
    const here = new URL(standIn.url).host
    const { out } = await run(other, dir, [], { UPSTREAMS: here.replace('127.0.0.1', 'localhost') })
    expect(out).toContain(`\n${told.length - 1} refreshed, ${EXCHANGES.length - told.length + 1} unchanged, 0 failed\n`)
    expect((await readdir(dir)).toSorted()).toEqual(names.toSorted())
    expect((await textsIn(dir)).filter((text) => text.includes('Goodbye'))).toHaveLength(told.length - 1)
    expect((await deltatape(['verify', '--fixtures', dir])).code).toBe(0)
  })

  test.each<[string, string, (text: string) => string, RegExp]>([
    [
      'a member more',
      'chat-streamed',
      (text) => text.replaceAll('"index":0,', '"index":0,"rank":1,'),
      /\+ choices\[\]\.(?:delta\.tool_calls\[\]\.)?rank: number/,
    ],
    [
      'a member less',
      'messages-streamed',
      (text) => text.replace('"role":"assistant",', ''),
      /- message\.role: string/,
    ],
    [
      'a member of another type',
      'ollama-lines',
      (text) => text.replace('"eval_count":5', '"eval_count":"5"'),
      /~ eval_count: number → string/,
    ],
    [
      'an event more',
      'cohere-second',
      (text) => text.replace('event: content-end', 'event: shiny\ndata: {"type":"shiny"}\n\nevent: content-end'),
      /shiny\n.*\+ this type of event is new/,
    ],
    [
      'an event less',
      'messages-streamed',
      (text) => text.replace(/event: content_block_stop\n.*\n\n/, ''),
      /content_block_stop\n.*- this type of event comes no more/,
    ],
    [
      'a member of JSON',
      'embed-me',
      (text) => text.replace('"object": "list"', '"kind": "list"'),
      /\+ (?:body\.)?kind: string/,
    ],
  ])('--check finds drift: %s', async (_what, name, change, told) => {
    const chosen = EXCHANGES.filter((each) => each.name === name)
    const { dir } = await recorded(chosen)
    const standIn = await runApis(chosen, (exchange) =>
      answerOf({ ...exchange, answer: change(String(exchange.answer)) }),
    )
    const before = await textsIn(dir)
    const { code, out } = await run(standIn, dir, ['--check'])
    expect([code, out]).toEqual([1, expect.stringMatching(told)])
    expect(linesTooLong(out)).toEqual([])
    expect(await textsIn(dir)).toEqual(before)
  })

  test.each<[string, string, (text: string) => string]>([
    [
      'other words, under other ids',
      'chat-streamed',
      (text) => text.replaceAll('Hello', 'Good day').replaceAll('chatcmpl-1', 'chatcmpl-2'),
    ],
    [
      'padding of another length',
      'messages-streamed',
      (text) =>
        text.replaceAll('"ping"}', '"ping"}').replace('"stop_reason":"end_turn"}', '"stop_reason":"end_turn"   }'),
    ],
    ['no ping', 'messages-streamed', (text) => text.replace('event: ping\ndata: {"type":"ping"}\n\n', '')],
    [
      'another fingerprint',
      'chat-streamed',
      (text) => text.replaceAll('"object"', '"system_fingerprint":"fp","object"'),
    ],
  ])('--check finds no drift in %s', async (_what, name, change) => {
    const chosen = EXCHANGES.filter((each) => each.name === name)
    const { dir } = await recorded(chosen)
    const standIn = await runApis(chosen, (exchange) =>
      answerOf({ ...exchange, answer: change(String(exchange.answer)) }),
    )
    expect(await run(standIn, dir, ['--check'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('1 the same, 0 with drift'),
    })
  })

  test('--check finds what came as bytes and comes as something else, and a status that is another', async () => {
    const chosen = EXCHANGES.filter(({ name }) => ['say-it-aloud', 'request'].includes(name))
    const { dir } = await recorded(chosen)
    const standIn = await runApis(chosen, (exchange) =>
      exchange.type === 'audio/mpeg' ? { body: '{}' } : answerOf({ ...exchange, status: 206 }),
    )
    const { code, out } = await run(standIn, dir, ['--check'])
    expect(code).toBe(1)
    expect(out).toContain('~ content-type: audio/mpeg → application/json')
    expect(out).toContain('~ status: 200 → 206')
  })

  test('that a model calls a tool this time is no drift, where another answer to such a call did', async () => {
    const [chat] = EXCHANGES
    if (!chat) throw new Error('no exchange')
    const ask = (content: string) => ({ model: 'm', messages: [{ role: 'user', content }], stream: true })
    const line = (choice: unknown) => `data: ${JSON.stringify({ choices: [choice] })}\n\n`
    const stop = `${line({ index: 0, delta: {}, finish_reason: 'stop' })}data: [DONE]\n\n`
    const says = `${line({ index: 0, delta: { content: 'Hi' } })}${stop}`
    const calls = `${line({ index: 0, delta: { tool_calls: [{ index: 0, function: { name: 'f', arguments: '{}' } }] } })}${stop}`
    const both = [
      { ...chat, name: 'one', request: ask('One'), answer: says },
      { ...chat, name: 'two', request: ask('Two'), answer: calls },
    ]
    const swapped = await runApis(both.map((each, index) => ({ ...each, answer: [calls, says][index] ?? '' })))
    expect(await run(swapped, (await recorded(both)).dir, ['--check'])).toMatchObject({ code: 0 })
    const alone = await run(swapped, (await recorded(both.slice(0, 1))).dir, ['--check'])
    expect([alone.code, alone.out]).toEqual([1, expect.stringContaining('+ choices[].delta.tool_calls: array')])
  })

  test('--check of APIs that are dead, cut their answers, or refuse, in their own words', async () => {
    const { standIn, dir } = await recorded()
    await standIn.close()
    const dead = await run(standIn, dir, ['--check'])
    expect([dead.code, dead.out]).toEqual([
      2,
      expect.stringContaining(`0 the same, 0 with drift, ${EXCHANGES.length} could not check`),
    ])
    const chosen = EXCHANGES.filter(({ name }) =>
      ['chat-streamed', 'messages-streamed', 'cohere-second'].includes(name),
    )
    const some = await recorded(chosen)
    const before = await textsIn(some.dir)
    const broken = await runApis(chosen, ({ name, type, answer }) => {
      if (name === 'chat-streamed') return { headers: { 'content-type': type }, body: String(answer).slice(0, 400) }
      const error = { type: 'overloaded_error', message: 'Overloaded' }
      if (name === 'cohere-second') return { status: 429, body: '{"message":"Slow down."}' }
      return { status: 529, body: JSON.stringify({ type: 'error', error }) }
    })
    for (const args of [['--check'], []]) {
      const { code, out } = await run(broken, some.dir, args)
      expect(code).toBe(2)
      expect(out).toContain('The API closed the stream before the answer was finished.')
      expect(out.replaceAll(/\s+/g, ' ')).toContain('HTTP 529: Overloaded.')
      expect(out.replaceAll(/\s+/g, ' ')).toContain('HTTP 429: Slow down.')
    }
    expect(await textsIn(some.dir)).toEqual(before)
  })

  test('what cannot be sent is named with what to do, and nothing goes to another host', async () => {
    const form = Buffer.concat([
      Buffer.from('--b\r\ncontent-disposition: form-data; name="file"\r\n\r\n'),
      Buffer.of(255, 0),
    ])
    const upload: Exchange = {
      name: 'request',
      path: '/v1/files',
      headers: { 'content-type': 'multipart/form-data; boundary=b' },
      request: form,
      type: 'application/json',
      answer: '{"id":"file-1"}',
    }
    const chosen = [...EXCHANGES.filter(({ byHost, name }) => byHost || name === 'messages-streamed'), upload]
    const { standIn, dir } = await recorded(chosen)
    const asked = standIn.calls.length
    const { out } = await run(standIn, dir, ['--check'], { UPSTREAMS: '', ANTHROPIC_API_KEY: '' })
    const plain = out.replaceAll(/\s+/g, ' ')
    expect(plain).toMatch(/Calls to "localhost:\d+" are not allowed here, and nothing was sent\. Name it in UPSTREAMS/)
    expect(plain).toContain('let its app send it again, with MODEL_MODE=record')
    expect(plain).toContain('ANTHROPIC_API_KEY')
    expect(standIn.calls).toHaveLength(asked)
  })
})
