/** OpenAI's endpoints beside its chats. */
import { describe, expect, test } from 'vitest'
import { apiOf } from '../../server/api/index.ts'
import { openai } from '../../server/api/openai.ts'
import type { JsonObject } from '../../server/base/json.ts'
import { createReader } from '../../server/api/framing/index.ts'
import { absent, readAnswers, readRequest } from '../kit/corpus-any.ts'

const recordsOf = (body: string | Buffer, type: string) => {
  const reader = createReader([['content-type', type]])
  return [...reader.read(Buffer.from(body), 0), ...reader.end(0, true)]
}

const question = (path: string, request: JsonObject = {}) => ({ method: 'POST', path, request })

/** How an answer ends, and whether the model finished it. */
function endOf(body: string | Buffer, type: string, asked = question('/v1/audio/transcriptions')) {
  const follower = openai.follow(asked)
  const records = recordsOf(body, type)
  const progress = records.map((record) => follower.take(record))
  return [follower.end().end, openai.isFinished(asked, openai.events(records)), progress.at(-1)]
}

test.each([
  ['/v1/embeddings', true],
  ['/embeddings', true],
  ['/api/v1/audio/transcriptions', true],
  ['/openai/v1/audio/speech', true],
  ['/openai/deployments/a/embeddings', true],
  ['/v1/files/file_1/content', true],
  ['/v1/threads/t_1/messages', true],
  ['/v1/threads/t_1/runs/r_1/cancel', true],
  ['/v1/chat/completions/chatcmpl_1', true],
  ['/v1/vector_stores/vs_1/file_batches', true],
  ['/v1/organization/usage/completions', true],
  ['/v1beta/files', false],
  ['/v1beta/models', false],
  ['/v1/embeddingsx', false],
  ['/v1/rerank', false],
  ['/files', true],
  ['/other/files', false],
])('%s is its own: %s', (path, owns) => {
  expect(apiOf({ method: 'GET', path }).name === 'openai').toBe(owns)
})

test.each([['anthropic-version'], ['x-goog-api-key']])('a path that others have, too, is theirs by %s', (name) => {
  const call = { method: 'GET', path: '/v1/models' }
  expect(apiOf({ ...call, headers: [[name.toUpperCase(), 'x']] }).name).toBe('any')
  expect(apiOf({ ...call, headers: [['authorization', 'x']] }).name).toBe('openai')
})

const sse = (...events: readonly object[]) =>
  events.map(
    (event) => `event: ${'name' in event ? String(event.name) : 'x'}\r\ndata: ${JSON.stringify(event)}\r\n\r\n`,
  )

const DELTA = { type: 'transcript.text.delta', delta: 'Hi' }

const CASES: Readonly<
  Record<string, readonly [body: string | Buffer, type: string, end: string, path?: string, request?: JsonObject]>
> = {
  'a stream with its end': [
    sse(DELTA, { type: 'transcript.text.done', text: 'Hi' }).join(''),
    'text/event-stream',
    'complete',
  ],
  'speech with its end': [
    sse({ type: 'speech.audio.delta' }, { type: 'speech.audio.done' }).join(''),
    'text/event-stream',
    'complete',
    '/v1/audio/speech',
    { stream_format: 'sse' },
  ],
  'an image with its end': [
    sse({ type: 'image_generation.completed' }).join(''),
    'text/event-stream',
    'complete',
    '/v1/images/generations',
  ],
  'a run with its end': [
    'event: thread.run.completed\ndata: {"id":"run_1"}\n\nevent: done\ndata: [DONE]\n\n',
    'text/event-stream',
    'complete',
    '/v1/threads/runs',
  ],
  'a type that every object has': [sse({ type: 'constructor' }).join(''), 'text/event-stream', 'truncated'],
  'a cut stream': [sse(DELTA).join(''), 'text/event-stream', 'truncated'],
  'a cut run': [
    'event: thread.run.completed\ndata: {"id":"run_1"}\n\n',
    'text/event-stream',
    'truncated',
    '/v1/threads/runs',
  ],
  'a stream cut within an event': ['data: {"type":"transcript', 'text/event-stream', 'truncated'],
  'cut speech': [
    sse({ type: 'speech.audio.delta' }).join(''),
    'text/event-stream',
    'truncated',
    '/v1/audio/speech',
    { stream_format: 'sse' },
  ],
  nothing: ['', 'application/json', 'truncated'],
  'an object': ['{"text":"Hi"}', 'application/json', 'complete'],
  'a list': ['[1,2]', 'application/json', 'complete', '/v1/embeddings'],
  'a cut object': ['{"text":"H', 'application/json', 'truncated'],
  'a page': ['<p>Log in</p>', 'text/html', 'malformed', '/v1/models'],
  'a spoken text': ['1\n00:00 --> 00:01\nHello', 'text/plain', 'complete'],
  sound: [Buffer.of(0xff, 0xf3, 0), 'audio/mpeg', 'complete', '/v1/audio/speech'],
  'sound that looks like text': [Buffer.alloc(10), 'audio/pcm', 'complete', '/v1/audio/speech'],
  'a text that looks like a list': [
    '[Music] Hello',
    'text/plain',
    'complete',
    '/v1/audio/transcriptions',
    { multipart: [{ name: 'response_format', text: 'text' }] },
  ],
  'the lines of a file': [
    '{"messages":[]}\n{"error":{"message":"x"}}\n',
    'application/octet-stream',
    'complete',
    '/v1/files/f/content',
  ],
  'an empty file': ['', 'application/octet-stream', 'complete', '/v1/files/f/content'],
  'a cut list of what is in a file': [
    '{"data":[',
    'application/json',
    'truncated',
    '/v1/vector_stores/vs/files/f/content',
  ],
}

test.each(Object.entries(CASES))('%s', (_what, [body, type, end, path = '/v1/audio/transcriptions', request = {}]) => {
  expect(endOf(body, type, question(path, request)).slice(0, 2)).toEqual([end, true])
})

test.each([
  ['an error event', 'event: error\ndata: {"error":{"message":"Oh"}}\n\n', 'text/event-stream'],
  [
    'a failed run',
    'event: thread.run.failed\ndata: {"id":"run_1","last_error":{"message":"Oh"}}\n\n',
    'text/event-stream',
  ],
  ['an error in place of an object', '{"error":{"message":"Oh"}}', 'application/json'],
])('%s is no success', (_what, body, type) => {
  expect(endOf(body, type)[1]).toBe(false)
})

test.each([
  ['a job', '{"object":"fine_tuning.job","id":"ft_1","error":{"code":null,"message":null}}'],
  ['a result of a batch', '{"id":"b_1","custom_id":"a","error":{"message":"Oh"}}'],
  ['no error', '{"error":null,"data":[]}'],
])('%s with an error of its own is an answer', (_what, body) => {
  expect(endOf(body, 'application/json', question('/v1/batches'))).toEqual(['complete', true, 'open'])
})

describe('a request', () => {
  const form = (fields: Readonly<Record<string, string>>) => ({
    multipart: Object.entries(fields).map(([name, text]) => ({ name, text })),
  })

  test.each([
    [{ input: 'Embed me' }, 'Embed me'],
    [{ input: ['a', 'b'] }, 'a b'],
    [{ input: [[1, 2]] }, ''],
    [{ prompt: 'Draw me' }, 'Draw me'],
    [form({ prompt: 'Edit me', image: '' }), 'Edit me'],
    [form({ model: 'whisper-1' }), ''],
    [{ role: 'user', content: 'Say hi' }, 'Say hi'],
    [{ thread: { messages: [{ role: 'user', content: [{ type: 'text', text: 'Run' }] }] } }, 'Run'],
    [{ query: 'Find me' }, 'Find me'],
    [{ model: 'm' }, ''],
  ])('%j names its fixture %j', (request, text) => expect(openai.lastUserText(request)).toBe(text))

  test('counts but for who asks, in JSON and in a form', () => {
    expect(openai.keyed({ model: 'm', user: 'u', safety_identifier: 's', metadata: {} })).toEqual({
      model: 'm',
      metadata: {},
    })
    expect(openai.keyed(form({ model: 'm', user: 'u' }))).toEqual(form({ model: 'm' }))
    expect(openai.keyed({ multipart: 'x' })).toEqual({ multipart: 'x' })
  })

  test.each([
    [{ stream: true }, true],
    [{ stream_format: 'sse' }, true],
    [form({ stream: 'true' }), true],
    [form({ stream: 'false' }), false],
    [{}, false],
  ])('%j asks for a stream: %s', (request, streams) => {
    expect(openai.streamType({ method: 'POST', path: '/', query: '' }, request) !== undefined).toBe(streams)
  })

  test('names its model, in a form too', () => {
    const call = { method: 'POST', path: '/' }
    expect([{ model: 'a' }, form({ model: 'b' }), {}].map((each) => openai.modelOf(call, each))).toEqual(['a', 'b', ''])
  })
})

test.each([
  [
    sse(
      DELTA,
      { ...DELTA, delta: '!' },
      { type: 'transcript.text.done', text: 'Hi!', usage: { total_tokens: 3 } },
    ).join(''),
    'Hi!',
    { total_tokens: 3 },
  ],
  ['{"text":"Hi","usage":{"type":"duration","seconds":1}}', 'Hi', { type: 'duration', seconds: 1 }],
  [
    'event: thread.message.delta\ndata: {"delta":{"content":[{"type":"text","text":{"value":"Hi"}}]}}\n\n',
    'Hi',
    undefined,
  ],
  ['{"object":"thread.message","content":[{"type":"text","text":{"value":"Hi"}}]}', 'Hi', undefined],
  ['{"object":"list","data":[{"embedding":[1]}],"usage":{"total_tokens":1}}', '', { total_tokens: 1 }],
])('tells what %j says', (body, text, usage) => {
  const told = openai.told(
    openai.events(recordsOf(body, body.startsWith('{') ? 'application/json' : 'text/event-stream')),
  )
  expect(told.pieces.map((piece) => piece.text).join('')).toBe(text)
  expect(told.usage).toEqual(usage)
})

describe.skipIf(absent)('real answers', () => {
  const answers = readAnswers()
    .map((answer) => ({ ...answer, asked: readRequest(answer) }))
    .filter(({ status, asked }) => status < 300 && apiOf({ method: asked.method, path: asked.path }) === openai)

  test('there are many', () => expect(answers.length).toBeGreaterThan(50))

  test.each(answers)('$name is whole', ({ body, contentType, asked: { method, path } }) => {
    const follower = openai.follow({ method, path, request: {} })
    const records = recordsOf(body, contentType)
    for (const record of records) follower.take(record)
    expect(follower.end()).toEqual({ end: 'complete' })
    expect(openai.isFinished({ method, path }, openai.events(records))).toBe(true)
  })
})
