import { expect, test } from 'vitest'
import { apiNamed } from '../../../server/api/index.ts'
import { parseSseRecord } from '../../../server/api/framing/sse.ts'
import type { AnswerRecord } from '../../../server/api/record.ts'
import type { Fixture } from '../../../server/fixture/fixture.ts'
import { readAnswer } from '../../../server/fixture/summary.ts'
import { recordsOf, saidBy } from '../../../server/serve/page/columns.ts'
import { callOf } from '../../kit/calls.ts'
import { fixtureFor, inOnePiece } from '../../kit/fixtures.ts'

type Json = Readonly<Record<string, unknown>>

const PATHS = { responses: '/v1/responses', 'chat-completions': '/v1/chat/completions' }

const fixtureOf = (api: keyof typeof PATHS, more: Partial<Fixture>): Fixture =>
  fixtureFor(callOf({ model: 'm' }, { path: PATHS[api], api: apiNamed(api) }), more)

/** The columns of an answer, its pieces with what their blocks are. */
function columnsOf(fixture: Fixture) {
  const said = saidBy(readAnswer(fixture), fixture.records)
  const { types, records } = recordsOf(fixture, apiNamed(fixture.api), said)
  const { record, block, text } = said.pieces
  return {
    blocks: said.blocks,
    pieces: text.map((each, index) => [record[index], block[index], each]),
    types: records.type.map((type) => types[type]),
    records,
  }
}

const sse = (data: string) => parseSseRecord(`data: ${data}\n\n`, 0)
const event = (body: Json) => sse(JSON.stringify(body))
const piece = (type: string, index: number, delta: string, more: Json = {}) =>
  event({ type: `response.${type}.delta`, output_index: index, delta, ...more })

test('runs of text and thoughts are blocks, and each tool call is one, in the order in which they begin', () => {
  const records = [
    piece('reasoning_summary_text', 0, 'One', { summary_index: 0 }),
    piece('reasoning_summary_text', 0, ' more', { summary_index: 0 }),
    piece('reasoning_summary_text', 0, 'Two', { summary_index: 1 }),
    piece('output_text', 1, 'Hi'),
    sse(': nothing'),
    event({ type: 'response.output_item.added', output_index: 2, item: { type: 'function_call', name: 'a' } }),
    event({ type: 'response.output_item.added', output_index: 3, item: { type: 'function_call', name: 'b' } }),
    piece('function_call_arguments', 3, '{"b":'),
    piece('function_call_arguments', 2, '{"a":1}'),
    piece('function_call_arguments', 3, '1}'),
    piece('output_text', 4, 'Bye'),
  ]
  const { blocks, pieces } = columnsOf(fixtureOf('responses', { records }))
  expect(blocks).toEqual([
    { kind: 'reasoning' },
    { kind: 'reasoning' },
    { kind: 'text' },
    { kind: 'tool', name: 'a' },
    { kind: 'tool', name: 'b' },
    { kind: 'text' },
  ])
  expect(pieces).toEqual([
    [0, 0, 'One'],
    [1, 0, ' more'],
    [2, 1, 'Two'],
    [3, 2, 'Hi'],
    [5, 3, ''],
    [6, 4, ''],
    [7, 4, '{"b":'],
    [8, 3, '{"a":1}'],
    [9, 4, '1}'],
    [10, 5, 'Bye'],
  ])
})

test('records are called by the type of their event, or by what else they are', () => {
  const chunk = (delta: Json, more: Json = {}) => event({ choices: [{ index: 0, delta }], ...more })
  const records = [
    parseSseRecord(': keep-alive\n\n', 0),
    chunk({ reasoning: 'Hm' }),
    chunk({ content: 'Hi' }),
    chunk({ tool_calls: [{ index: 0, function: { name: 'a', arguments: '{}' } }] }),
    chunk({}, { usage: { prompt_tokens: 1 } }),
    chunk({ role: 'assistant' }),
    event({ type: 'error', message: 'no' }),
    sse('no JSON'),
    sse('[DONE]'),
  ]
  expect(columnsOf(fixtureOf('chat-completions', { records })).types).toEqual([
    '(comment)',
    '(reasoning)',
    '(text)',
    '(tool)',
    '(usage)',
    '(no type)',
    'error',
    '(data)',
    '[DONE]',
  ])
})

test('what a body in one piece says came with its last record', () => {
  const whole = inOnePiece({ choices: [{ message: { content: 'Hi' } }] })
  const [{ wire = '' } = {}] = whole.records
  const [start, end] = [String(wire).slice(0, 9), String(wire).slice(9)]
  const records: AnswerRecord[] = [
    { at: 1, wire: start },
    { at: 2, wire: end },
  ]
  const { pieces, types } = columnsOf(fixtureOf('chat-completions', { ...whole, records }))
  expect(pieces).toEqual([[1, 0, 'Hi']])
  expect(types).toEqual(['(body)', '(body)'])
})

test('bytes that are no text are told in base64, and which they are', () => {
  const bytes = new Uint8Array([0xff, 0, 0xfe])
  const { records } = columnsOf(
    fixtureOf('responses', {
      response: { status: 200, headers: [], framing: 'text' },
      records: [
        { at: 1, wire: 'é' },
        { at: 2, wire: bytes },
      ],
    }),
  )
  expect(records).toMatchObject({ wire: ['é', '/wD+'], binary: [1], bytes: [2, 3] })
})
