/** What is told of calls that go to an API. */
import { describe, expect, test } from 'vitest'
import { ModelError } from '../../../server/api/ending.ts'
import { SERVICES } from '../../../server/api/hosts.ts'
import { apiOf } from '../../../server/api/index.ts'
import type { Call } from '../../../server/api/call.ts'
import type { FramingName } from '../../../server/api/framing/index.ts'
import { DeltatapeError } from '../../../server/base/errors.ts'
import { fresh } from '../../../server/base/memo.ts'
import type { Answer, Model } from '../../../server/model/model.ts'
import { createRoutes } from '../../../server/model/transport/route.ts'
import { type Called, watchCalls } from '../../../server/serve/metrics/calls.ts'
import { callOf, toRecords } from '../../kit/calls.ts'
import { compose, words } from '../../kit/answers.ts'
import { drain } from '../../kit/tools.ts'

const routes = createRoutes({ baseURL: 'https://api.openai.com/v1', apiKey: undefined, upstreams: ['models.example'] })

/** A call as it comes over HTTP. */
function asked(path: string, named?: string): Call {
  const api = apiOf({ method: 'POST', path })
  return callOf({ model: 'm' }, { api, path, to: routes.to({ row: api.name, path, headers: [] }, named) })
}

/** An answer that is due at once, two milliseconds after the one before it. */
function setUp(answer: Partial<Answer['head']> & { readonly fails?: unknown; readonly breaks?: unknown } = {}) {
  const told: Called[] = []
  let now = 0
  const { status = 200, framing = 'sse', fails, breaks } = answer
  const records = toRecords(compose('x').text(words('one two')).completed())
  const api: Model = async () => {
    now += 2
    if (fails !== undefined) throw fails
    const all = function* () {
      for (const record of records) {
        now += 2
        yield fresh([record])
      }
      if (breaks !== undefined) throw breaks
    }
    return { head: { status, framing: framing satisfies FramingName, headers: [] }, records: all() }
  }
  const model = watchCalls(api, { now: () => now }, (called) => void told.push(called))
  const ask = (call: Call, signal?: AbortSignal) => drain(model, call, signal)
  return { ask, model, told, records }
}

test('a call is told once it is over: how long it took, when its first piece came, its tokens', async () => {
  const { ask, told, records } = setUp()
  const { records: got } = await ask(asked('/v1/responses'))
  expect(got).toEqual(records)
  expect(told).toEqual([
    {
      operation: 'chat',
      provider: 'openai',
      error: '',
      ms: 2 + 2 * records.length,
      firstMs: 4,
      tokens: { input: 16, output: 2 },
    },
  ])
})

test('an answer in one piece has no first one', async () => {
  const { ask, told } = setUp({ framing: 'json' })
  await ask(asked('/v1/responses'))
  expect(told[0]?.firstMs).toBeUndefined()
})

describe('how it failed', () => {
  const reset = new ModelError({ end: 'reset', why: 'the connection broke' })

  test.each([
    ['a refusal by its status', { status: 429 }, '429'],
    ['a status that HTTP has not', { status: 599 }, '_OTHER'],
    ['a break by its code', { breaks: reset }, 'upstream_reset'],
    ['a mistake of ours', { breaks: new TypeError('A mistake.') }, 'internal'],
  ])('%s', async (_name, answer, error) => {
    const { ask, told } = setUp(answer)
    await ask(asked('/v1/responses'))
    expect(told.map((called) => called.error)).toEqual([error])
  })

  test('one that got no answer too, and one that its client gave up; what was never sent is no call', async () => {
    const unreachable = setUp({ fails: new ModelError({ end: 'unreachable', why: 'nobody listens' }) })
    expect((await unreachable.ask(asked('/v1/responses'))).error).toMatchObject({
      message: expect.stringContaining('nobody listens'),
    })
    expect(unreachable.told.map(({ error }) => error)).toEqual(['upstream_unreachable'])
    const abort = new AbortController()
    abort.abort(new DeltatapeError('cancelled', 'The client left.'))
    const left = setUp({ fails: abort.signal.reason })
    expect((await left.ask(asked('/v1/responses'), abort.signal)).error).toMatchObject({
      message: expect.stringContaining('The client left.'),
    })
    expect(left.told.map(({ error }) => error)).toEqual(['cancelled'])
    const forbidden = setUp({ fails: new DeltatapeError('forbidden', 'Nothing was sent.') })
    expect((await forbidden.ask(asked('/v1/responses'))).error).toMatchObject({
      message: expect.stringContaining('Nothing was sent.'),
    })
    expect(forbidden.told).toEqual([])
  })
})

describe('what is asked of whom', () => {
  test.each([
    ['/v1/responses', undefined, 'chat', 'openai'],
    ['/v1/chat/completions', undefined, 'chat', 'openai'],
    ['/v1/completions', undefined, 'text_completion', 'openai'],
    ['/v1/embeddings', undefined, 'embeddings', 'openai'],
    ['/v1/messages', undefined, 'chat', 'anthropic'],
    ['/v1beta/models/gemini-2.5-flash:streamGenerateContent', undefined, 'generate_content', 'gcp.gemini'],
    ['/v1beta/models/gemini-embedding-001:embedContent', undefined, 'embeddings', 'gcp.gemini'],
    ['/api/chat', undefined, 'chat', 'ollama'],
    ['/api/generate', undefined, 'text_completion', 'ollama'],
    ['/v2/chat', undefined, 'chat', 'cohere'],
    ['/model/anthropic.claude/converse-stream', undefined, 'chat', 'aws.bedrock'],
    ['/v1/chat/completions', 'api.mistral.ai', 'chat', 'mistral_ai'],
    ['/v1/chat/completions', 'openrouter.ai', 'chat', 'openrouter'],
    ['/v1/chat/completions', 'models.example', 'chat', '_OTHER'],
  ])('%s of %s', async (path, named, operation, provider) => {
    const { ask, told } = setUp()
    await ask(asked(path, named))
    expect(told).toMatchObject([{ operation, provider }])
  })

  test.each([
    '/v1/files',
    '/v1/messages/count_tokens',
    '/v1/responses/resp_1/cancel',
    '/mine/responses-of-mine',
    '/api/pull',
  ])('%s is nothing that a model answers: it gets its answer untouched', async (path) => {
    const { ask, told } = setUp()
    await ask(asked(path))
    expect(told).toEqual([])
  })

  test('every service has a name of few letters', async () => {
    for (const { url, name } of SERVICES.filter(({ name: each }) => each !== 'Azure OpenAI' && each !== 'Ollama')) {
      const { ask, told } = setUp()
      await ask(asked('/v1/chat/completions', new URL(url).host))
      expect(told[0]?.provider, name).toMatch(/^[a-z]+(?:[._][a-z]+)*$/)
    }
  })
})
