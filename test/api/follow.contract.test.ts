/** What holds for every row that can tell a whole answer from a cut one, in every framing, on real answers. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { any } from '../../server/api/any.ts'
import { createReader } from '../../server/api/framing/index.ts'
import { apiOf, followerOf } from '../../server/api/index.ts'
import type { AnswerRecord } from '../../server/api/record.ts'
import { absent, readAnswers, readRequest, type RealAnswer } from '../kit/corpus-any.ts'

/** The records of a body that ended cleanly. */
function recordsOf(body: Buffer, contentType: string): AnswerRecord[] {
  const reader = createReader([['content-type', contentType]])
  return [...reader.read(body, 0), ...reader.end(0, true)]
}

/** The bytes of a record, with its event, which may stand in base64 there. */
const textOf = ({ wire, event }: AnswerRecord): string => Buffer.from(wire).toString('latin1') + (event?.text ?? '')

/** What the first record says after which an answer may be whole, by row. */
const TERMINAL: Readonly<Record<string, RegExp>> = {
  responses: /response\.(?:completed|incomplete|failed)/,
  'chat-completions': /"finish_reason":\s*"\w|\[DONE\]|"error":\s*\{/,
  messages: /message_stop|"custom_id"|"type":\s*"error"/,
  gemini: /"finishReason"|"blockReason"/,
  interactions: /interaction\.completed/,
  ollama: /"done":\s*true|"status":\s*"success"/,
  cohere: /message-end/,
  bedrock: /metadata|invocationMetrics/,
  openai: /\.done|\[DONE\]/,
}

/** Where what says that the answer is whole begins and ends: the last of it, if nothing in it does. In bytes. */
function terminalOf(row: string, records: readonly AnswerRecord[]): { readonly start: number; readonly end: number } {
  const lengths = records.map(({ wire }) => Buffer.byteLength(wire))
  // An array is whole with its bracket.
  const isArray =
    records.at(-1)?.event === undefined && /^\s*\]\s*$/.test(textOf(records.at(-1) ?? { at: 0, wire: '' }))
  const found = isArray ? records.length - 1 : records.findIndex((record) => TERMINAL[row]?.test(textOf(record)))
  const isStream = records.some(({ event }) => event)
  const at = isStream && found !== -1 ? found : records.length - 1
  const start = lengths.slice(0, at).reduce((sum, length) => sum + length, 0)
  const wire = records[at]?.wire ?? ''
  // A line end may be missing at the end: whoever reads the body can do without.
  const length = typeof wire === 'string' ? Buffer.byteLength(wire.trimEnd()) : wire.length
  return { start: isStream ? start : 0, end: start + length }
}

const CUTS = 20

const rowOf = (answer: RealAnswer) => {
  const { method, path } = readRequest(answer)
  return apiOf({ method, path })
}

describe.skipIf(absent)('real answers', () => {
  const answers = readAnswers()
    .filter(({ status }) => status === 200)
    .map((answer) => ({ ...answer, row: rowOf(answer) }))
    .filter(({ row }) => row.follow !== any.follow)
    // Of a file only the end of its body is its end.
    .filter(({ row, framing }) => row.name !== 'openai' || /^(?:sse|json)/.test(framing))

  test('there are many, of every row and framing', () => {
    const counts = Map.groupBy(answers, ({ row, framing }) => `${row.name} ${framing}`)
    expect(answers.length).toBeGreaterThan(450)
    for (const kind of [
      'responses json',
      'chat-completions sse',
      'chat-completions json',
      'messages sse',
      'messages json',
      'gemini sse-crlf',
      'gemini json-array',
      'gemini json',
      'interactions sse',
      'interactions json',
      'ollama ndjson',
      'ollama json',
      'cohere sse',
      'cohere json',
      'bedrock eventstream',
      'bedrock json',
    ]) {
      expect(counts.get(kind)?.length, kind).toBeGreaterThan(2)
    }
  })

  test.each(answers)('$name is whole, and cut before its end it is not', ({ body, contentType, row }) => {
    const records = recordsOf(body, contentType)
    const follower = row.follow()
    const { start, end } = terminalOf(row.name, records)
    let sent = 0
    expect(follower.end().end).not.toBe('complete')
    for (const record of records) {
      follower.take(record)
      sent += Buffer.byteLength(record.wire)
      if (sent <= start) expect(follower.end().end, `after ${sent} bytes`).not.toBe('complete')
    }
    expect(follower.end()).toEqual({ end: 'complete' })

    const endOf = (length: number) => {
      const cut = row.follow()
      for (const record of recordsOf(body.subarray(0, length), contentType)) cut.take(record)
      return cut.end().end
    }
    fc.assert(
      fc.property(fc.nat(end - 1), (length) => {
        expect(endOf(length), `after ${length} bytes`).not.toBe('complete')
      }),
      { numRuns: CUTS, examples: [[end - 1], [Math.max(0, end - 2)], [start]] },
    )
  })

  test('an answer without a body, and one that is refused, end as HTTP says', () => {
    for (const { row } of answers) {
      for (const [method, status] of [
        ['POST', 204],
        ['POST', 205],
        ['HEAD', 200],
        ['POST', 302],
        ['POST', 500],
      ] as const) {
        expect(followerOf(row, { method, path: '/', request: {} }, status)).toBeUndefined()
      }
    }
  })
})
