/** What is no chat over HTTP: recorded and replayed by one server each, with the same bytes. */
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { Answer, Call } from '../../kit/standin.ts'
import { runServer, runStandIn, temporaryFolder } from '../../kit/tools.ts'

interface Asked {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array<ArrayBuffer> | FormData
}

/** What each question gets while it is recorded, and in a replay. */
async function inTwoWays(answer: (call: Call) => Answer, asked: readonly Asked[], again = asked) {
  const standIn = await runStandIn(answer)
  const { origin, host } = new URL(standIn.url)
  const env = { FIXTURES_DIR: await temporaryFolder(), OPENAI_BASE_URL: `${origin}/v1`, UPSTREAMS: host }
  const ask = async (url: string, { path, ...init }: Asked) => {
    const headers = { authorization: 'Bearer sk-of-the-client', ...init.headers }
    const response = await fetch(url + path.replace('HOST', host), { ...init, headers })
    const type = response.headers.get('content-type')
    return { status: response.status, type, body: Buffer.from(await response.arrayBuffer()).toString('latin1') }
  }
  const askAll = async (url: string, all: readonly Asked[]) => {
    const got = []
    for (const each of all) got.push(await ask(url, each))
    return got
  }
  const recorder = await runServer({ ...env, MODEL_MODE: 'record' })
  const recorded = await askAll(recorder.url, asked)
  const { calls } = standIn
  await standIn.close()
  const player = await runServer(env)
  return { recorded, replayed: await askAll(player.url, again), calls }
}

test('answers without a body, and what is asked again and again', async () => {
  const { recorded, replayed } = await inTwoWays(
    ({ method, path }) => {
      if (method === 'DELETE') return { status: 204, headers: { 'content-type': 'text/plain' }, body: '' }
      if (method === 'HEAD') return { headers: { 'content-type': 'audio/mpeg' }, body: '' }
      return { body: JSON.stringify({ id: path, status: 'completed' }, null, 2) }
    },
    [
      { method: 'DELETE', path: '/v1/files/file_1' },
      { method: 'HEAD', path: '/v1/files/file_1/content' },
      { path: '/v1/batches/batch_1' },
      { path: '/v1/batches/batch_1' },
      { path: '/v1/batches/batch_2?after=1' },
      { method: 'POST', path: '/v1/batches/batch_1/cancel' },
    ],
  )
  expect(recorded.map(({ status }) => status)).toEqual([204, 200, 200, 200, 200, 200])
  expect(replayed).toEqual(recorded)
})

test('bodies of every kind', async () => {
  const list = JSON.stringify([1, { a: 2 }])
  const type = (value: string) => ({ 'content-type': value })
  const bytes = Uint8Array.of(0, 0xff, 0xfe)
  const form = new FormData()
  form.append('purpose', 'batch')
  form.append('file', new File([bytes], 'a.bin', { type: 'application/octet-stream' }))
  const asked = [
    { method: 'POST', path: '/v1/uploads', headers: type('application/json'), body: list },
    { method: 'POST', path: '/v1/uploads', headers: type('text/plain'), body: 'plain' },
    { method: 'POST', path: '/v1/uploads', headers: type('application/octet-stream'), body: bytes },
    { method: 'POST', path: '/v1/uploads', headers: type('application/x-www-form-urlencoded'), body: 'a=1&b=%C3%BC' },
    { method: 'POST', path: '/v1/uploads', body: form },
    { method: 'POST', path: '/v1/uploads' },
  ]
  let count = 0
  const { recorded, replayed } = await inTwoWays(() => ({ body: `{"id":"upload_${++count}"}` }), asked)
  expect(recorded.map(({ body }) => body)).toEqual([1, 2, 3, 4, 5, 6].map((each) => `{"id":"upload_${each}"}`))
  expect(replayed).toEqual(recorded)
})

const MCP = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

const message = (id: unknown, token?: unknown, more: Readonly<Record<string, string>> = {}): Asked => {
  const meta = token === undefined ? {} : { _meta: { progressToken: token } }
  const body = JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'x', ...meta } })
  return { method: 'POST', path: '/HOST/mcp', headers: { ...MCP, ...more }, body }
}

test('MCP: the replay repeats the ids of now, and is the recording otherwise', async () => {
  const answered = (id: string, token: string) =>
    `: ping\r\n\r\nid: 7\r\nevent: message\r\ndata: {"jsonrpc":"2.0", "method":"notifications/progress","params":{"progressToken":${token}}}\r\n\r\n` +
    `id: 8\r\nevent: message\r\ndata: { "result":{"id":1},"id": ${id} ,"jsonrpc":"2.0"}\r\n\r\n`
  const note = { ...message(1), body: '{"jsonrpc":"2.0","method":"notifications/initialized"}' }
  const coded = { ...message('b', 'u', { 'content-encoding': 'gzip' }) }
  const body = new Uint8Array(gzipSync(String(coded.body)))
  const { recorded, replayed } = await inTwoWays(
    ({ body: { id } }) =>
      id === undefined
        ? { status: 202, body: '' }
        : { headers: { 'content-type': 'text/event-stream', 'mcp-session-id': 's' }, body: answered('1', '"t"') },
    [message(1, 't', { 'mcp-session-id': 'one' }), note],
    [message('a', 9, { 'mcp-session-id': 'two' }), note, { ...coded, body }, { ...message(5), path: '/HOST/none' }],
  )
  expect(recorded.map(({ body: text }) => text)).toEqual([answered('1', '"t"'), ''])
  expect(replayed.map(({ status }) => status)).toEqual([200, 202, 200, 200])
  expect(replayed.map(({ body: text }) => text).slice(0, 3)).toEqual([answered('"a"', '9'), '', answered('"b"', '"u"')])
  expect(JSON.parse(replayed[3]?.body ?? '')).toMatchObject({
    jsonrpc: '2.0',
    id: 5,
    error: { code: -32603, message: expect.stringContaining('No fixture') },
  })
})

test('MCP: a stream that nobody recorded is one that the server does not have', async () => {
  const open = { accept: 'text/event-stream', 'mcp-session-id': 's' }
  const { replayed } = await inTwoWays(
    () => ({ body: '{}' }),
    [],
    [
      { path: '/HOST/mcp', headers: open },
      { method: 'DELETE', path: '/HOST/mcp', headers: open },
    ],
  )
  expect(replayed.map(({ status }) => status)).toEqual([405, 405])
})

test.each([
  ['refuse:529', 529],
  ['error', 500],
])('MCP: the fault %s is an error of JSON-RPC', async (fault, status) => {
  const asked = { ...message(3), path: `/HOST/mcp?fault=${fault}` }
  const { replayed } = await inTwoWays(() => ({ body: '{}' }), [], [asked])
  expect(replayed[0]?.body).toContain('"jsonrpc":"2.0","id":3,"error":{"code":-32603')
  expect(replayed[0]?.status).toBe(status)
})

test('MCP: a batch whose connection breaks after its first response is broken for the client, too', async () => {
  const first = 'data: {"jsonrpc":"2.0","id":1,"result":{}}\n\n'
  const standIn = await runStandIn(() => ({
    headers: { 'content-type': 'text/event-stream' },
    steps: [{ raw: first }, 'close'],
  }))
  const { host } = new URL(standIn.url)
  const { url } = await runServer({ MODEL_MODE: 'live', UPSTREAMS: host })
  const { body: one = '' } = message(1)
  const response = await fetch(`${url}/${host}/mcp`, {
    method: 'POST',
    headers: MCP,
    body: `[${String(one)},${String(message(2).body)}]`,
  })
  await expect(response.text()).rejects.toThrow()
})
