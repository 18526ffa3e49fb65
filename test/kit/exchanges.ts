/** One exchange of every kind that there is, and recordings of them: by a real server, of a stand-in for all APIs. */
import { eventstream } from '../../server/api/framing/eventstream.ts'
import { bytesOf } from '../../server/api/record.ts'
import type { Answer, Call, StandIn } from './standin.ts'
import { runServer, runStandIn, temporaryFolder } from './tools.ts'

type Json = Readonly<Record<string, unknown>>

export interface Exchange {
  /** What its name in a folder of fixtures begins with. */
  readonly name: string
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly request?: Json | Buffer
  /** Whether it is asked with the host in front of the path. */
  readonly byHost?: true
  readonly status?: number
  readonly type: string
  readonly answer: string | Buffer
  /** The text of the answer, as far as a row tells it; undefined if it may tell none. */
  readonly text?: string
  /** The model that is asked. */
  readonly model?: string
  /** The tokens that went in and came out. */
  readonly tokens?: readonly [number, number]
}

const SSE = 'text/event-stream; charset=utf-8'

const data = (objects: readonly Json[], eol = '\n') =>
  objects.map((object) => `data: ${JSON.stringify(object)}${eol}${eol}`).join('')

const named = (objects: readonly Json[]) =>
  objects.map((object) => `event: ${String(object.type)}\ndata: ${JSON.stringify(object)}\n\n`).join('')

const lines = (objects: readonly Json[]) => objects.map((object) => `${JSON.stringify(object)}\n`).join('')

/** Messages of an AWS event stream. */
const messages = (objects: readonly (readonly [type: string, payload: Json])[]): Buffer =>
  bytesOf(
    objects.map(([type, payload]) => {
      const headers = { ':event-type': type, ':content-type': 'application/json', ':message-type': 'event' }
      const record = eventstream.carrier?.carry(JSON.stringify(payload), { headers }, 0, { eol: '\n' })
      if (typeof record !== 'object') throw new Error(`no message: ${record}`)
      return record
    }),
  )

const chunk = (delta: Json, finish: string | null = null) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1_795_000_000,
  model: 'gpt-4o-mini-2024-07-18',
  choices: [{ index: 0, delta, finish_reason: finish }],
})

const candidate = (text: string, finishReason?: string) => ({
  candidates: [{ content: { role: 'model', parts: [{ text }] }, index: 0, ...(finishReason ? { finishReason } : {}) }],
  ...(finishReason ? { usageMetadata: { promptTokenCount: 4, candidatesTokenCount: 5, totalTokenCount: 9 } } : {}),
})

const ask = (content: string) => [{ role: 'user', content }]

const asked = (text: string) => ({ contents: [{ role: 'user', parts: [{ text }] }] })

/** Each has an answer that is whole. */
export const EXCHANGES: readonly Exchange[] = [
  {
    name: 'chat-streamed',
    path: '/v1/chat/completions',
    request: { model: 'gpt-4o-mini', messages: ask('Chat streamed'), stream: true },
    type: SSE,
    answer: `${data([
      chunk({ role: 'assistant', content: '' }),
      chunk({ content: 'Hello' }),
      chunk({ content: ' chat' }),
      chunk({ tool_calls: [{ index: 0, id: 'call_1', function: { name: 'look', arguments: '{"at":' } }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: '1}' } }] }),
      chunk({}, 'stop'),
      { ...chunk({}), choices: [], usage: { prompt_tokens: 4, completion_tokens: 5, total_tokens: 9 } },
    ])}data: [DONE]\n\n`,
    text: 'Hello chat',
    model: 'gpt-4o-mini',
    tokens: [4, 5],
  },
  {
    name: 'chat-whole',
    path: '/v1/chat/completions',
    request: { model: 'gpt-4o-mini', messages: ask('Chat whole') },
    type: 'application/json',
    answer: JSON.stringify(
      {
        id: 'chatcmpl-2',
        object: 'chat.completion',
        choices: [{ index: 0, message: { role: 'assistant', content: 'Hello whole chat' }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 4, completion_tokens: 5, total_tokens: 9 },
      },
      null,
      2,
    ),
    text: 'Hello whole chat',
    model: 'gpt-4o-mini',
    tokens: [4, 5],
  },
  {
    name: 'chat-of-another',
    path: '/v1/chat/completions',
    byHost: true,
    request: { model: 'mistral-small', messages: ask('Chat of another'), stream: true },
    type: SSE,
    answer: `${data([chunk({ content: 'Hello' }), chunk({ content: ' host' }), chunk({}, 'stop')])}data: [DONE]\n\n`,
    text: 'Hello host',
    model: 'mistral-small',
  },
  {
    name: 'messages-streamed',
    path: '/v1/messages',
    headers: { 'anthropic-version': '2023-06-01' },
    request: { model: 'claude-x', max_tokens: 9, messages: ask('Messages streamed'), stream: true },
    type: SSE,
    answer: named([
      {
        type: 'message_start',
        message: { id: 'msg_1', type: 'message', role: 'assistant', content: [], usage: { input_tokens: 4 } },
      },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'ping' },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: ' messages' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 5 } },
      { type: 'message_stop' },
    ]),
    text: 'Hello messages',
    model: 'claude-x',
    tokens: [4, 5],
  },
  {
    name: 'gemini-streamed',
    path: '/v1beta/models/gemini-x:streamGenerateContent?alt=sse',
    request: asked('Gemini streamed'),
    type: 'text/event-stream',
    answer: data([candidate('Hello'), candidate(' gemini', 'STOP')], '\r\n'),
    text: 'Hello gemini',
    model: 'gemini-x',
    tokens: [4, 5],
  },
  {
    name: 'gemini-array',
    path: '/v1beta/models/gemini-x:streamGenerateContent',
    request: asked('Gemini array'),
    type: 'application/json; charset=UTF-8',
    answer: `[${[candidate('Hello'), candidate(' array', 'STOP')].map((each) => JSON.stringify(each, null, 2)).join('\n,\n')}]`,
    text: 'Hello array',
    model: 'gemini-x',
    tokens: [4, 5],
  },
  {
    name: 'ollama-lines',
    path: '/api/chat',
    request: { model: 'llama-x', messages: ask('Ollama lines') },
    type: 'application/x-ndjson',
    answer: lines([
      {
        model: 'llama-x',
        created_at: '2026-11-24T10:00:00Z',
        message: { role: 'assistant', content: 'Hello' },
        done: false,
      },
      {
        model: 'llama-x',
        created_at: '2026-11-24T10:00:00Z',
        message: { role: 'assistant', content: ' lines' },
        done: false,
      },
      {
        model: 'llama-x',
        created_at: '2026-11-24T10:00:01Z',
        message: { role: 'assistant', content: '' },
        done: true,
        done_reason: 'stop',
        total_duration: 7,
        prompt_eval_count: 4,
        eval_count: 5,
      },
    ]),
    text: 'Hello lines',
    model: 'llama-x',
    tokens: [4, 5],
  },
  {
    name: 'cohere-first',
    path: '/v1/chat',
    request: { model: 'command-x', message: 'Cohere first', stream: true },
    type: 'application/stream+json',
    answer: lines([
      { is_finished: false, event_type: 'stream-start', generation_id: 'g' },
      { is_finished: false, event_type: 'text-generation', text: 'Hello' },
      { is_finished: false, event_type: 'text-generation', text: ' first' },
      { is_finished: true, event_type: 'stream-end', finish_reason: 'COMPLETE', response: { text: 'Hello first' } },
    ]),
    text: 'Hello first',
    model: 'command-x',
  },
  {
    name: 'cohere-second',
    path: '/v2/chat',
    request: { model: 'command-x', messages: ask('Cohere second'), stream: true },
    type: 'text/event-stream',
    answer: `${named([
      { type: 'message-start', id: 'c', delta: { message: { role: 'assistant', content: [] } } },
      { type: 'content-start', index: 0, delta: { message: { content: { type: 'text', text: '' } } } },
      { type: 'content-delta', index: 0, delta: { message: { content: { text: 'Hello' } } } },
      { type: 'content-delta', index: 0, delta: { message: { content: { text: ' second' } } } },
      { type: 'content-end', index: 0 },
      {
        type: 'message-end',
        delta: { finish_reason: 'COMPLETE', usage: { tokens: { input_tokens: 4, output_tokens: 5 } } },
      },
    ])}data: [DONE]\n\n`,
    text: 'Hello second',
    model: 'command-x',
    tokens: [4, 5],
  },
  {
    name: 'request-converse',
    path: '/model/amazon.nova-x/converse-stream',
    request: { messages: [{ role: 'user', content: [{ text: 'Request converse' }] }] },
    type: 'application/vnd.amazon.eventstream',
    answer: messages([
      ['messageStart', { role: 'assistant', p: 'abc' }],
      ['contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'Hello' }, p: 'ab' }],
      ['contentBlockDelta', { contentBlockIndex: 0, delta: { text: ' converse' }, p: 'abcd' }],
      ['contentBlockStop', { contentBlockIndex: 0, p: 'a' }],
      ['messageStop', { stopReason: 'end_turn', p: 'ab' }],
      ['metadata', { usage: { inputTokens: 4, outputTokens: 5, totalTokens: 9 }, metrics: { latencyMs: 7 }, p: 'abc' }],
    ]),
  },
  {
    name: 'embed-me',
    path: '/v1/embeddings',
    request: { model: 'embedding-x', input: 'Embed me' },
    type: 'application/json',
    answer: JSON.stringify(
      {
        object: 'list',
        data: [{ object: 'embedding', index: 0, embedding: Array.from({ length: 64 }, (_, index) => index / 64) }],
        model: 'embedding-x',
        usage: { prompt_tokens: 4, total_tokens: 4 },
      },
      null,
      2,
    ),
    model: 'embedding-x',
  },
  {
    name: 'say-it-aloud',
    path: '/v1/audio/speech',
    request: { model: 'tts-x', input: 'Say it aloud', voice: 'a' },
    type: 'audio/mpeg',
    answer: Buffer.from([0x49, 0x44, 0x33, 4, ...Array.from({ length: 500 }, (_, index) => (index * 7 + 128) % 256)]),
    model: 'tts-x',
  },
  {
    name: 'request',
    method: 'GET',
    path: '/v1/files/file-1/content',
    type: 'text/plain; charset=utf-8',
    answer: 'one\ntwo\nthree\n',
  },
  {
    name: 'an-api-of-its-own',
    path: '/own/stream',
    byHost: true,
    request: { input: 'An API of its own' },
    type: SSE,
    answer: data([
      { n: 1, part: 'Hello' },
      { n: 2, part: ' own' },
    ]),
  },
  {
    name: 'responses-streamed',
    path: '/v1/responses',
    request: { model: 'gpt-x', input: 'Responses streamed', stream: true },
    type: SSE,
    answer: named([
      { type: 'response.created', sequence_number: 0, response: { id: 'resp_1', status: 'in_progress' } },
      { type: 'response.output_text.delta', sequence_number: 1, output_index: 0, content_index: 0, delta: 'Hello' },
      {
        type: 'response.completed',
        sequence_number: 2,
        response: { id: 'resp_1', status: 'completed', usage: { input_tokens: 4, output_tokens: 5, total_tokens: 9 } },
      },
    ]),
    text: 'Hello',
    model: 'gpt-x',
    tokens: [4, 5],
  },
]

/** Changes what a stand-in answers: undefined leaves it as it is. */
export type Change = (exchange: Exchange, call: Call) => Answer | undefined

/** A stand-in that answers all exchanges. */
export const runApis = (
  exchanges: readonly Exchange[] = EXCHANGES,
  change: Change = () => undefined,
): Promise<StandIn> =>
  runStandIn((call) => {
    const exchange = exchanges.find(
      ({ method = 'POST', path, request }) =>
        method === call.method &&
        withoutVersion(path) === withoutVersion(call.path) &&
        (request === undefined || Buffer.isBuffer(request) || JSON.stringify(request) === JSON.stringify(call.body)),
    )
    if (!exchange) return { status: 418, body: '{"error":{"message":"Nothing is scripted for this."}}' }
    return change(exchange, call) ?? answerOf(exchange)
  })

/** Whether `/v1` stands in the path or in the base address. */
const withoutVersion = (path: string): string => path.replace(/^\/v1(?=\/)/, '')

export const answerOf = ({ status = 200, type, answer }: Exchange): Answer => ({
  status,
  headers: { 'content-type': type, 'x-request-id': 'req_1' },
  body: answer,
})

/** The variables by which every API is this stand-in. */
export function apisAt({ url }: Pick<StandIn, 'url'>): Record<string, string> {
  const { origin } = new URL(url)
  return {
    OPENAI_BASE_URL: url,
    ANTHROPIC_BASE_URL: origin,
    GOOGLE_GEMINI_BASE_URL: origin,
    OLLAMA_HOST: origin,
    CO_API_URL: origin,
    AWS_ENDPOINT_URL_BEDROCK_RUNTIME: origin,
    UPSTREAMS: hostOf({ url }),
    OPENAI_API_KEY: 'sk-test',
    ANTHROPIC_API_KEY: 'sk-ant-test',
    GEMINI_API_KEY: 'gemini-test',
    COHERE_API_KEY: 'cohere-test',
    AWS_BEARER_TOKEN_BEDROCK: 'bedrock-test',
  }
}

/** The host of a stand-in that no variable names. */
export const hostOf = ({ url }: Pick<StandIn, 'url'>): string => new URL(url).host.replace('127.0.0.1', 'localhost')

/** Sends an exchange to a server. */
async function send(
  { method = 'POST', path, headers = {}, request, byHost }: Exchange,
  url: string,
  host: string,
): Promise<{ readonly status: number; readonly body: Buffer }> {
  const body = request === undefined || Buffer.isBuffer(request) ? request : JSON.stringify(request)
  const response = await fetch(`${url}${byHost ? `/${host}` : ''}${path}`, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body }),
  })
  return { status: response.status, body: Buffer.from(await response.arrayBuffer()) }
}

/** Records exchanges in a folder; gives the lines of the log, too. */
export async function recordExchanges(
  standIn: StandIn,
  exchanges: readonly Exchange[] = EXCHANGES,
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly dir: string; readonly lines: readonly string[] }> {
  const dir = await temporaryFolder()
  const server = await runServer({ ...apisAt(standIn), FIXTURES_DIR: dir, MODEL_MODE: 'record', ...env })
  for (const exchange of exchanges) await send(exchange, server.url, hostOf(standIn))
  await server.close()
  return { dir, lines: server.lines }
}
