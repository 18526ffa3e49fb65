/** What rows make of recorded answers: which are whole, and that none that was cut is taken for whole. */
import { describe, expect, test } from 'vitest'
import { apiNamed, apiOf } from '../../server/api/index.ts'
import { createReader } from '../../server/api/framing/index.ts'
import type { AnswerRecord } from '../../server/api/record.ts'
import { type RealAnswer, absent, readAnswers, readRequest } from '../kit/corpus-any.ts'

/** The rows that can tell, by the names of the corpus. */
const ROWS: Readonly<Record<string, string>> = {
  'chat-completions': 'chat-completions',
  completions: 'chat-completions',
  'anthropic-messages': 'messages',
  'vertex-anthropic': 'messages',
  'gemini-stream': 'gemini',
  'cohere-chat': 'cohere',
}

function recordsOf({ contentType, body }: RealAnswer): AnswerRecord[] {
  const reader = createReader([['content-type', contentType]])
  return [...reader.read(body, 0), ...reader.end(1, true)]
}

function endOf(row: string, records: readonly AnswerRecord[]) {
  const api = apiNamed(row)
  const follower = api.follow()
  const progress = records.map((record) => follower.take(record))
  const call = { method: 'POST', path: '/' }
  return { ...follower.end(), progress, isFinished: api.isFinished(call, api.events(records)) }
}

const streams = readAnswers().filter(
  ({ api, framing, status }) => ROWS[api] !== undefined && framing.startsWith('sse') && status < 300,
)

describe.skipIf(absent)('recorded streams', () => {
  test.each(Object.entries(ROWS))('of %s are told by the row %s', (api, row) => {
    const all = streams.filter((each) => each.api === api)
    expect(all.length).toBeGreaterThan(0)
    for (const answer of all) {
      const { method, path } = readRequest(answer)
      expect([answer.name, apiOf(method, path).name]).toEqual([answer.name, row])
      expect([answer.name, endOf(row, recordsOf(answer)).end]).toEqual([answer.name, 'complete'])
    }
  })

  test('are not whole before the record that ends them, wherever they are cut', () => {
    for (const answer of streams) {
      const row = ROWS[answer.api] ?? ''
      const records = recordsOf(answer)
      const { progress } = endOf(row, records)
      const last = lastWord(row, records)
      for (let count = 0; count < last; count++) {
        if (progress[count] === 'failing' || progress[count - 1] === 'failing') break
        const { end } = endOf(row, records.slice(0, count))
        expect([answer.name, count, end]).toEqual([answer.name, count, 'truncated'])
      }
    }
  })
})

/** The index of the record that ends an answer, as a reader of the documentation would find it. */
function lastWord(row: string, records: readonly AnswerRecord[]): number {
  const index = records.findIndex(({ event }) => event !== undefined && ENDS[row]?.test(event.text))
  return index === -1 ? records.findIndex(({ data }) => data === '[DONE]') : index
}

const ENDS: Readonly<Record<string, RegExp>> = {
  'chat-completions': /"finish_reason":\s*"|"error":/,
  messages: /"type":\s*"(?:message_stop|error)"/,
  gemini: /"finishReason":|"blockReason":|"error":/,
  cohere: /"type":\s*"message-end"/,
}

const call = (path: string) => apiOf('POST', path).name

test.each([
  ['/v1/chat/completions', 'chat-completions'],
  ['/chat/completions', 'chat-completions'],
  ['/openai/v1/chat/completions', 'chat-completions'],
  ['/openai/deployments/gpt-4o/chat/completions', 'chat-completions'],
  ['/v1/completions', 'chat-completions'],
  ['/v1/messages', 'messages'],
  ['/v1/messages/count_tokens', 'any'],
  ['/v1/threads/thread_1/messages', 'any'],
  ['/v1/projects/p/locations/l/publishers/anthropic/models/claude:streamRawPredict', 'messages'],
  ['/v1beta/models/gemini-2.5-flash:streamGenerateContent', 'gemini'],
  ['/v1/models/gemini-2.5-flash:generateContent', 'gemini'],
  ['/v1/models/gemini-2.5-flash:countTokens', 'any'],
  ['/v2/chat', 'cohere'],
  ['/v1/responses', 'responses'],
  ['/v1/embeddings', 'any'],
])('a call to %s is of %s', (path, row) => {
  expect(call(path)).toBe(row)
})
