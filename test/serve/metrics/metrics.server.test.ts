/** What a scrape of a real server tells. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { VERSION } from '../../../server/base/version.ts'
import { compose, steps, words } from '../../kit/answers.ts'
import { connect } from '../../kit/client.ts'
import { namesIn, readPage, tableBelow } from '../../kit/docs.ts'
import { parseMetrics, scrape } from '../../kit/scrape.ts'
import { folderWith, runServer } from '../../kit/tools.ts'
import { post, readAll, runWithStandIn } from '../http/kit.ts'

const HELLO = compose('hello').text(words('Hello you')).completed()

const completedSchema = z.object({
  response: z.object({ usage: z.object({ input_tokens: z.number(), output_tokens: z.number() }) }),
})

/** A server that replays one answer. */
const replaying = async (env: Record<string, string> = {}) =>
  runServer({ FIXTURES_DIR: await folderWith({ Hello: { events: HELLO } }), ...env })

/** One turn on a connection of its own. */
async function talk(url: string, ...messages: readonly unknown[]): Promise<void> {
  const chat = await connect(url)
  for (const message of messages) {
    chat.send(message)
    await chat.turn()
  }
  await chat.close()
}

const turn = (endpoint: string, outcome: string, code = '', more: Record<string, string> = {}) => ({
  mode: 'replay',
  api: 'responses',
  endpoint,
  outcome,
  code,
  ...more,
})

describe('turns', () => {
  test('all are counted once, before anybody asked too, with what became of them', async () => {
    const { url } = await replaying()
    await talk(`${url}/ws`, { input: 'Hello' }, { input: 'Hello', id: 'mine' }, { input: 'Nobody recorded this' }, '{')
    await talk(`${url}/@me/ws-stream`, { input: 'Hello' })
    await readAll(await post(url, { input: 'Hello', stream: true }))
    await readAll(await post(url, { input: 'Hello' }))
    await readAll(await post(url, { input: 'Hello', stream: true }, { body: '{"input":1}' }))
    const told = await scrape(url)
    const turns = (labels: Record<string, string>) => told.value('deltatape_turns_total', labels)
    expect(turns(turn('/ws', 'hit'))).toBe(2)
    expect(turns(turn('/ws', 'miss', 'fixture_miss'))).toBe(1)
    expect(turns(turn('/ws', 'none', 'invalid_json', { api: '' }))).toBe(1)
    expect(turns(turn('/ws-stream', 'hit'))).toBe(1)
    expect(turns(turn('calls', 'hit'))).toBe(1)
    expect(turns(turn('calls', 'derived'))).toBe(1)
    const hits = { mode: 'replay', endpoint: '/ws', outcome: 'hit' }
    for (const name of ['deltatape_turn_duration_seconds', 'deltatape_first_record_seconds']) {
      expect(told.value(`${name}_count`, hits)).toBe(2)
      expect(told.value(`${name}_bucket`, { ...hits, le: '+Inf' })).toBe(2)
      expect(told.value(`${name}_bucket`, { ...hits, le: '60' })).toBe(2)
      expect(told.value(`${name}_sum`, hits)).toBeGreaterThan(0)
    }
    expect(told.value('deltatape_turns_active')).toBe(0)
    expect(told.value('deltatape_build_info', { version: VERSION, mode: 'replay' })).toBe(1)
    expect(told.value('deltatape_recordings_total', { outcome: 'saved' })).toBe(0)
    expect(told.value('process_resident_memory_bytes')).toBeGreaterThan(0)
    expect(told.value('nodejs_heap_size_used_bytes')).toBeGreaterThan(0)
  })

  test('those that run and wait, and the connections that are open', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { server, called } = await runWithStandIn(() => ({ steps: [{ until: promise }, ...steps(HELLO)] }))
    const chat = await connect(`${server.url}/ws`)
    const idle = await connect(`${server.url}/ws-stream`)
    for (const input of ['one', 'two', 'three']) chat.send({ input })
    await called()
    const meanwhile = await scrape(server.url)
    expect(meanwhile.value('deltatape_turns_active')).toBe(1)
    expect(meanwhile.value('deltatape_turns_queued')).toBe(2)
    const open = ['/ws', '/ws-stream', 'responses_ws', 'page'].map((endpoint) =>
      meanwhile.value('deltatape_connections', { endpoint }),
    )
    expect(open).toEqual([1, 1, 0, 0])
    resolve()
    for (let left = 3; left > 0; left--) await chat.turn()
    await Promise.all([chat.close(), idle.close()])
    const after = await scrape(server.url)
    expect(after.value('deltatape_turns_queued')).toBe(0)
    expect(after.value('deltatape_turns_active')).toBe(0)
  })
})

describe('calls that go to an API', () => {
  const of = { gen_ai_operation_name: 'chat', gen_ai_provider_name: 'openai' }

  test('are told with their tokens and how they failed, and what became of their recordings; replays are not', async () => {
    const { server } = await runWithStandIn(({ body }) =>
      body.input === 'Refuse' ? { status: 429, body: '{"error":{"message":"Slow down."}}' } : { steps: steps(HELLO) },
    )
    await talk(`${server.url}/ws`, { input: 'Hello' })
    await readAll(await post(server.url, { input: 'Hello', stream: true }))
    await readAll(await post(server.url, { input: 'Refuse', stream: true }))
    const told = await scrape(server.url)
    const duration = 'gen_ai_client_operation_duration_seconds_count'
    expect(told.value(duration, { ...of, error_type: '' })).toBe(2)
    expect(told.value(duration, { ...of, error_type: '429' })).toBe(1)
    expect(told.value('gen_ai_client_operation_time_to_first_chunk_seconds_count', of)).toBe(2)
    const { usage } = completedSchema.parse(HELLO.at(-1)).response
    const tokens = (type: string) => told.value('gen_ai_client_token_usage_sum', { ...of, gen_ai_token_type: type })
    expect([tokens('input'), tokens('output')]).toEqual([2 * usage.input_tokens, 2 * usage.output_tokens])
    const recorded = (outcome: string) => told.value('deltatape_recordings_total', { outcome })
    expect([recorded('saved'), recorded('unchanged'), recorded('not_saved')]).toEqual([2, 0, 1])
    const replay = await runServer({ FIXTURES_DIR: server.config.fixturesDir })
    await talk(`${replay.url}/ws`, { input: 'Hello' })
    expect((await scrape(replay.url)).own.filter((name) => name.startsWith('gen_ai'))).toEqual([])
  })

  test('in auto only the call that found nothing is one', async () => {
    const { server } = await runWithStandIn(() => ({ steps: steps(HELLO) }), { MODEL_MODE: 'auto' })
    await talk(`${server.url}/ws`, { input: 'Hello' }, { input: 'Hello' }, { input: 'Hello' })
    const told = await scrape(server.url)
    expect(told.value('gen_ai_client_operation_duration_seconds_count', { ...of, error_type: '' })).toBe(1)
    expect(told.value('deltatape_turns_total', { ...turn('/ws', 'hit'), mode: 'auto' })).toBe(2)
  })
})

test('whatever clients say, there are no more series', async () => {
  const { server } = await runWithStandIn(
    ({ path }) => (path.includes('/chat/') ? { body: '{"choices":[]}' } : { steps: steps(HELLO) }),
    { UPSTREAMS: 'localhost', MODEL_MODE: 'auto' },
  )
  const url = new URL(server.url)
  const oddities = async (mark: string) => {
    await talk(`${server.url}/@${mark}/ws`, { input: mark, id: mark, model: mark }, { input: mark, [mark]: 1 })
    const headers = { 'content-type': 'application/json', 'user-agent': mark, 'x-deltatape-name': mark, [mark]: mark }
    const body = JSON.stringify({ model: mark, input: mark, messages: [], stream: true })
    for (const path of [
      '/v1/responses',
      `/v1/responses?${mark}=1`,
      `/@x${mark}/${mark}.invalid/${mark}/chat/completions`,
    ]) {
      await readAll(await fetch(url.origin + path, { method: 'POST', headers, body }))
    }
    for (const path of [`/${mark}`, `/ready?${mark}`, `/metrics?${mark}`, `/v1/${mark}`, `/@${mark}/turns`]) {
      await readAll(await fetch(url.origin + path, { headers }))
    }
    await readAll(await fetch(`${url.origin}/v1/responses`, { method: 'PATCH', headers, body: mark }))
  }
  await oddities('a0')
  const before = await scrape(server.url)
  for (let index = 1; index < 12; index++) await oddities(`a${index}`)
  const after = await scrape(server.url)
  expect(after.own).toEqual(before.own)
  expect(after.own.length).toBeGreaterThan(100)
  expect(after.values('endpoint')).toEqual(['/ws', '/ws-stream', 'calls', 'page', 'responses_ws'])
  for (const label of ['api', 'code', 'outcome', 'gen_ai_provider_name', 'error_type']) {
    for (const value of after.values(label)) expect(value).toMatch(/^(?:[a-z_-]+|\d{3}|_OTHER|)$/)
  }
})

describe('who may ask', () => {
  test('with a token those who bring it, as with everything else', async () => {
    const { url } = await replaying({ AUTH_TOKEN: 'open-sesame' })
    const refused = await fetch(`${url}/metrics`)
    expect(refused.status).toBe(401)
    expect(await refused.text()).not.toContain('deltatape_')
    await scrape(url, { authorization: 'Bearer open-sesame' })
  })

  test('no page of another origin, though it may ask for answers', async () => {
    const { url } = await replaying({ ALLOWED_ORIGINS: 'http://app.example' })
    for (const origin of ['http://app.example', 'http://localhost:1']) {
      const refused = await fetch(`${url}/metrics`, { headers: { origin } })
      expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([403, null])
    }
    await scrape(url, { origin: url })
  })

  test('nobody behind a name, and nobody if it is switched off', async () => {
    const { url } = await replaying()
    expect((await fetch(`${url}/@me/metrics`)).status).toBe(404)
    const off = await replaying({ METRICS: '0' })
    await talk(`${off.url}/ws`, { input: 'Hello' })
    expect((await fetch(`${off.url}/metrics`)).status).toBe(404)
  })
})

test('the docs have each metric, with its type and its labels', async () => {
  const { url } = await replaying()
  const text = await (await fetch(`${url}/metrics`)).text()
  const types = [...text.matchAll(/^# TYPE ((?:deltatape|gen_ai)\w+) (\w+)$/gm)].map(([, ...type]) => type)
  const rows = tableBelow(await readPage('docs/metrics.md'), '## What is counted')
  const told = rows.filter(([name = '']) => /^`(?:deltatape|gen_ai_client)/.test(name))
  expect(told.map(([name, type]) => [...namesIn(name), type]).toSorted()).toEqual(types.toSorted())
  const labels = new Map(told.map(([name, , its]) => [namesIn(name)[0] ?? '', namesIn(its)]))
  await talk(`${url}/ws`, { input: 'Hello' })
  const { own } = await scrape(url)
  for (const series of own) {
    const [, name = '', inside = ''] = /^(\w+?)(?:_bucket|_sum|_count)?\{(.*)\}$/.exec(series) ?? []
    const its = [...inside.matchAll(/(\w+)="/g)].flatMap(([, label = '']) => (label === 'le' ? [] : [label]))
    expect(labels.get(name)?.toSorted(), series).toEqual(its)
  }
})

test('two servers of one process count for themselves', async () => {
  const [one, other] = [await replaying(), await replaying()]
  await talk(`${one.url}/ws`, { input: 'Hello' })
  expect((await scrape(one.url)).value('deltatape_turns_total', turn('/ws', 'hit'))).toBe(1)
  expect((await scrape(other.url)).value('deltatape_turns_total', turn('/ws', 'hit'))).toBeUndefined()
})

test('what is read here is what a scraper reads', () => {
  const text = '# HELP a b\n# TYPE a counter\na{x="1",y="\\"2\\""} 3\n'
  expect(parseMetrics(text).value('a', { y: '\\"2\\"', x: '1' })).toBe(3)
  expect(() => parseMetrics('a{x="1} 3\n')).toThrow()
})
