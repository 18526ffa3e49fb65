/** Headers that clients act on, in calls and in answers: what one gets live is what it gets from a replay. */
import { expect, test } from 'vitest'
import { runServer, runStandIn, temporaryFolder } from '../../kit/tools.ts'
import { type RawRequest, ask, valuesOf } from './kit.ts'

/** What each request gets from a host that is named in front of its path, while it is recorded, in order; and then from a replay. */
async function inTwoWays(
  answer: Parameters<typeof runStandIn>[0],
  asked: readonly RawRequest[],
  more: Readonly<Record<string, string>> = {},
) {
  const standIn = await runStandIn(answer)
  const { host } = new URL(standIn.url)
  const env = { FIXTURES_DIR: await temporaryFolder(), UPSTREAMS: host, RECORD_FAILURES: '1', ...more }
  const askAll = async (mode: string) => {
    const server = await runServer({ ...env, MODEL_MODE: mode })
    const got = []
    for (const each of asked) got.push(await ask(server.url, { ...each, target: `/${host}${each.target}` }))
    await server.close()
    return got
  }
  const recorded = await askAll('record')
  await standIn.close()
  return { recorded, replayed: await askAll('replay') }
}

test('a name in Latin-1 has the same bytes however the answer comes: in one piece, or in time', async () => {
  const answer = () => ({ headers: { 'x-request-id': 'Zürich' }, body: '{"object":"list","data":[]}' })
  for (const pace of ['instant', 'recorded']) {
    const { recorded, replayed } = await inTwoWays(answer, [{ method: 'GET', target: '/v1/files' }], {
      REPLAY_PACE: pace,
    })
    for (const each of [...recorded, ...replayed]) expect(valuesOf(each, 'x-request-id')).toEqual(['Zürich'])
  }
})

test.each<[string, RawRequest, Record<string, string>, number?]>([
  [
    'the tokens of a Bedrock model, which stand nowhere else',
    { target: '/model/meta.llama3-8b/invoke', body: '{"prompt":"Hi"}' },
    { 'x-amzn-bedrock-input-token-count': '7', 'x-amzn-bedrock-output-token-count': '2' },
  ],
  [
    'which part of a file it is',
    { method: 'GET', target: '/v1/files/f/content', headers: [['range', 'bytes=0-1']] },
    { 'content-range': 'bytes 0-1/10', 'accept-ranges': 'bytes' },
    206,
  ],
  [
    'what a file is called',
    { method: 'GET', target: '/v1/files/f/content' },
    { 'content-disposition': 'attachment; filename="a.csv"' },
  ],
  [
    'where a client may sign in',
    { target: '/mcp', body: '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}' },
    { 'www-authenticate': 'Bearer resource_metadata="https://mcp.example/.well-known/oauth-protected-resource"' },
    401,
  ],
  [
    'where the answer will be',
    { target: '/openai/images/generations:submit', body: '{"prompt":"Hi"}' },
    { 'operation-location': 'https://x.example/operations/1', 'retry-after': '1' },
    202,
  ],
  [
    'how long a file is, if nothing else is asked',
    { method: 'HEAD', target: '/v1/files/f/content' },
    { 'content-length': '123456', 'content-type': 'audio/mpeg' },
  ],
])('an answer tells %s', async (_what, asked, headers, status = 200) => {
  const body = asked.method === 'HEAD' ? '' : '{}'
  const { recorded, replayed } = await inTwoWays(() => ({ headers, status, body }), [asked])
  for (const each of [...recorded, ...replayed]) {
    expect(each.status).toBe(status)
    for (const [name, value] of Object.entries(headers)) expect(valuesOf(each, name)).toEqual([value])
  }
})

test.each<[string, string, readonly [string, string], readonly [string, string]]>([
  ['asks for', 'GET', ['range', 'bytes=0-1'], ['Range', 'bytes=2-3']],
  ['goes on after', 'GET', ['last-event-id', '4'], ['Last-Event-ID', '7']],
  ['sends', 'PUT', ['content-range', 'bytes 0-1/4'], ['Content-Range', 'bytes 2-3/4']],
])('a call counts by the part that it %s', async (_does, method, ...parts) => {
  const asked = [...parts, undefined].map((part) => ({
    method,
    target: '/v1/files/f/content',
    headers: part ? [part] : [],
    ...(method === 'PUT' ? { body: '{}' } : {}),
  }))
  const { recorded, replayed } = await inTwoWays((_call, index) => ({ body: `{"part":${index}}` }), asked)
  const bodies = [0, 1, 2].map((index) => `{"part":${index}}`)
  expect(recorded.map(({ body }) => body.toString())).toEqual(bodies)
  expect(replayed.map(({ body }) => body.toString())).toEqual(bodies)
})

test('that nothing has changed since is no answer for a client that has no copy', async () => {
  const first = { method: 'GET', target: '/own/models' }
  const again = { ...first, headers: [['if-none-match', '"1"'] as const] }
  const { recorded, replayed } = await inTwoWays(
    ({ headers }) => (headers['if-none-match'] === '"1"' ? { status: 304, body: '' } : { body: '["a"]' }),
    [first, again],
  )
  expect(recorded.map(({ status }) => status)).toEqual([200, 304])
  expect(replayed.map(({ body }) => body.toString())).toEqual(['["a"]', '["a"]'])
})
