/** Answers that stream events, by what each row says of their end. */
import { describe, expect, test } from 'vitest'
import type { Api } from '../../server/api/api.ts'
import { apiNamed } from '../../server/api/index.ts'
import type { AnswerRecord } from '../../server/api/record.ts'
import type { JsonObject } from '../../server/base/json.ts'
import { recordsOf } from '../kit/rows.ts'

const sse = (...data: readonly (JsonObject | string)[]): AnswerRecord[] =>
  recordsOf(
    'text/event-stream',
    data.map((each) => `data: ${typeof each === 'string' ? each : JSON.stringify(each)}\n\n`),
  )

const lines = (...data: readonly (JsonObject | string)[]): AnswerRecord[] =>
  recordsOf(
    'application/x-ndjson',
    data.map((each) => `${typeof each === 'string' ? each : JSON.stringify(each)}\n`),
  )

const array = (body: string): AnswerRecord[] => recordsOf('application/json', [body])

function follow(api: Api, records: readonly AnswerRecord[]) {
  const follower = api.follow()
  const progress = records.map((each) => follower.take(each))
  return [follower.end().end, progress.at(-1)]
}

const chunk = (index: number, finish_reason: string | null = null): JsonObject => ({
  choices: [{ index, delta: { content: 'Hi' }, finish_reason }],
})

const FAILED = { error: { message: 'Oh' } }

test.each<readonly [row: string, what: string, records: AnswerRecord[], ended: unknown[]]>([
  ['chat-completions', 'whole after [DONE]', sse(chunk(0), '[DONE]'), ['complete', 'settling']],
  ['chat-completions', 'whole with a reason for each choice', sse(chunk(0), chunk(0, 'stop')), ['complete', 'open']],
  ['chat-completions', 'usage after that', sse(chunk(0, 'stop'), { choices: [], usage: {} }), ['complete', 'open']],
  [
    'chat-completions',
    'cut while one choice has none',
    sse(chunk(0), chunk(1), chunk(0, 'stop')),
    ['truncated', 'open'],
  ],
  ['chat-completions', 'cut without any', sse(chunk(0)), ['truncated', 'open']],
  ['chat-completions', 'failed', sse(chunk(0), FAILED), ['complete', 'failing']],
  ['chat-completions', 'failed, and over', sse(chunk(0), FAILED, '[DONE]'), ['complete', 'settling']],
  [
    'chat-completions',
    'failed, with a choice beside',
    sse({ ...chunk(0, 'error'), ...FAILED }),
    ['complete', 'failing'],
  ],
  ['chat-completions', 'failed as vLLM says it', sse({ object: 'error', message: 'Oh' }), ['complete', 'failing']],
  ['chat-completions', 'malformed', sse(chunk(0), '{"choices":'), ['malformed', 'open']],
  ['chat-completions', 'what follows a failure does not matter', sse(FAILED, '{"choices":'), ['complete', 'failing']],
  [
    'chat-completions',
    'a comment at the end',
    [...sse(chunk(0, 'stop')), { at: 0, wire: ': ping\n\n' }],
    ['complete', 'open'],
  ],
  [
    'chat-completions',
    'a record cut after the reason',
    [...sse(chunk(0, 'stop')), { at: 0, wire: 'data: {"ch' }],
    ['truncated', 'open'],
  ],
  ['messages', 'whole', sse({ type: 'message_start' }, { type: 'message_stop' }), ['complete', 'settling']],
  ['messages', 'whole, and [DONE] from a gateway', sse({ type: 'message_stop' }, '[DONE]'), ['complete', 'settling']],
  ['messages', 'cut', sse({ type: 'message_start' }, { type: 'message_delta' }), ['truncated', 'open']],
  ['messages', 'failed', sse({ type: 'error', error: { type: 'overloaded_error' } }), ['complete', 'failing']],
  ['messages', 'results of a batch', lines({ custom_id: '1', result: {} }, { custom_id: '2' }), ['complete', 'open']],
  [
    'messages',
    'results of a batch, cut',
    recordsOf('application/x-jsonl', ['{"custom_id":"1"}\n{"cust']),
    ['truncated', 'open'],
  ],
  ['gemini', 'whole', sse({ candidates: [{ finishReason: 'STOP' }] }), ['complete', 'open']],
  ['gemini', 'whole, with a number', sse({ candidates: [{ finishReason: 1 }] }), ['complete', 'open']],
  ['gemini', 'blocked', sse({ promptFeedback: { blockReason: 'SAFETY' } }), ['complete', 'open']],
  ['gemini', 'cut', sse({ candidates: [{ content: {} }] }), ['truncated', 'open']],
  [
    'gemini',
    'cut, with the number that says nothing',
    sse({ candidates: [{ finishReason: 0 }] }),
    ['truncated', 'open'],
  ],
  ['gemini', 'failed', sse({ error: { code: 503, message: 'Oh' } }), ['complete', 'failing']],
  [
    'gemini',
    'an array',
    array('[{"candidates":[{}]}\r\n,\r\n{"candidates":[{"finishReason":"STOP"}]}]'),
    ['complete', 'open'],
  ],
  ['gemini', 'an array without its bracket', array('[{"candidates":[{"finishReason":"STOP"}]}'), ['truncated', 'open']],
  [
    'gemini',
    'an array without its bracket, but white space',
    array('[{"candidates":[{"finishReason":"STOP"}]}\n'),
    ['truncated', 'open'],
  ],
  ['gemini', 'an array without a reason', array('[{"candidates":[{}]}]'), ['truncated', 'open']],
  [
    'gemini',
    'an array that failed',
    array('[{"candidates":[{}]},\n{"error":{"message":"Oh"}}]'),
    ['complete', 'failing'],
  ],
  ['interactions', 'whole', sse({ event_type: 'interaction.completed' }, '[DONE]'), ['complete', 'settling']],
  ['interactions', 'whole without [DONE]', sse({ event_type: 'interaction.completed' }), ['complete', 'open']],
  ['interactions', 'cut', sse({ event_type: 'step.stop' }), ['truncated', 'open']],
  ['interactions', 'failed', sse({ event_type: 'error', ...FAILED }), ['complete', 'failing']],
  [
    'interactions',
    'over, and failed',
    sse({ event_type: 'interaction.completed', interaction: { status: 'failed' } }),
    ['complete', 'failing'],
  ],
  ['ollama', 'whole', lines({ done: false }, { done: true }), ['complete', 'settling']],
  ['ollama', 'pulled', lines({ status: 'verifying' }, { status: 'success' }), ['complete', 'settling']],
  ['ollama', 'cut', lines({ done: false }, { done: false }), ['truncated', 'open']],
  ['ollama', 'failed', lines({ done: false }, { error: 'Oh' }), ['complete', 'failing']],
  ['cohere', 'whole', sse({ type: 'message-start' }, { type: 'message-end', delta: {} }), ['complete', 'settling']],
  ['cohere', 'cut', sse({ type: 'message-start' }), ['truncated', 'open']],
  ['cohere', 'failed', sse({ type: 'message-end', delta: { finish_reason: 'ERROR' } }), ['complete', 'failing']],
  ['cohere', 'whole in lines', lines({ event_type: 'stream-start' }, { is_finished: true }), ['complete', 'settling']],
  ['cohere', 'cut in lines', lines({ is_finished: false, text: 'Hi' }, { is_finished: false }), ['truncated', 'open']],
  [
    'cohere',
    'failed in lines',
    lines({ is_finished: false }, { is_finished: true, finish_reason: 'ERROR' }),
    ['complete', 'failing'],
  ],
])('%s: %s', (row, _what, records, ended) => {
  expect(follow(apiNamed(row), records)).toEqual(ended)
})

describe('of several choices that a request asks for', () => {
  const candidate = (index: number, finishReason?: string): JsonObject => ({
    candidates: [{ index, content: {}, ...(finishReason && { finishReason }) }],
  })
  const path = '/v1/chat/completions'
  const endOf = (row: string, request: JsonObject, records: readonly AnswerRecord[]) => {
    const follower = apiNamed(row).follow({ method: 'POST', path, request })
    for (const each of records) follower.take(each)
    return follower.end().end
  }

  test.each<readonly [row: string, request: JsonObject, pieces: readonly JsonObject[]]>([
    ['chat-completions', { n: 2 }, [chunk(0), chunk(0, 'stop'), chunk(1), chunk(1, 'stop')]],
    ['gemini', { generationConfig: { candidateCount: 2 } }, [candidate(0, 'STOP'), candidate(1), candidate(1, 'STOP')]],
    ['gemini', { generation_config: { candidate_count: 2 } }, [candidate(0, 'STOP'), candidate(1, 'STOP')]],
  ])('%s, %j: one that never came is missing', (row, request, pieces) => {
    for (let length = 0; length < pieces.length; length++)
      expect(endOf(row, request, sse(...pieces.slice(0, length)))).toBe('truncated')
    expect(endOf(row, request, sse(...pieces))).toBe('complete')
  })

  test('who does not know of them may answer with one, and say that it is over', () => {
    expect(endOf('chat-completions', { n: 2 }, sse(chunk(0, 'stop'), '[DONE]'))).toBe('complete')
  })

  test('a candidate that began is waited for, though none was asked for', () => {
    expect(endOf('gemini', {}, sse(candidate(0), candidate(1), candidate(0, 'STOP')))).toBe('truncated')
  })
})

describe.each(['responses', 'chat-completions', 'messages', 'gemini', 'interactions', 'ollama', 'cohere', 'bedrock'])(
  '%s, in one piece',
  (row) => {
    test.each([
      [['{"id":', '"x"}'], 'complete'],
      [['\n\n{\n  "id": "x"\n}\n'], 'complete'],
      [['{"id":'], 'truncated'],
      [['{'], 'truncated'],
      [[''], 'truncated'],
      [[' \n'], 'truncated'],
      [[': ping\n\n'], 'truncated'],
      [['<p>Please log in</p>'], 'malformed'],
      [['upstream connect error'], 'malformed'],
    ])('%j is %s', (wires, end) => {
      expect(
        follow(
          apiNamed(row),
          wires.map((wire) => ({ at: 0, wire })),
        )[0],
      ).toBe(end)
    })
  },
)
