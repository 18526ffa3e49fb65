/** Texts that come in turns, told apart by whatever the API has for it: each is searched as one. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseSseRecord } from '../../server/api/framing/sse.ts'
import { apiNamed } from '../../server/api/index.ts'
import type { AnswerRecord } from '../../server/api/record.ts'
import type { JsonValue } from '../../server/base/json.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { createTurns } from '../../server/redact/turns.ts'
import { leavesOf, valuesOf } from './exchanges.ts'
import { SECRETS } from './samples.ts'

const redactor = createRedactor()

/** How an event says a piece of the text with this number. */
type Say = (part: number, text: string) => unknown

const NAMES = ['Math Expert', 'Writer', 'Critic']

/** By what texts are told apart, in APIs that nobody knows and in some that are known. */
const SAYS: Readonly<Record<string, readonly [api: string, say: Say]>> = {
  'an id': ['any', (part, delta) => ({ type: 'text-delta', id: `msg_${part}`, delta })],
  'an id of another name': ['any', (part, delta) => ({ type: 'CONTENT', messageId: `${part}-7f3a`, delta })],
  'an id beside the text': ['any', (part, text) => ({ data: { item_id: `item_${part}`, text } })],
  'a number': ['any', (part, text) => ({ choice: part, text })],
  'a number of another object': ['any', (part, text) => ({ at: { output_index: part }, text })],
  'two numbers': ['any', (part, text) => ({ output_index: part >> 1, content_index: part & 1, text })],
  'an id of the event, and a number': ['any', (part, text) => ({ event_id: crypto.randomUUID(), choice: part, text })],
  'an id, among members that each event has of its own': [
    'any',
    (part, text) => ({ id: part, [crypto.randomUUID()]: true, text }),
  ],
  'a name of several words': ['any', (part, content) => ({ agent: NAMES[part], content })],
  'a path': ['any', (part, value) => ({ op: 'append', path: `/streamed_output/${part}`, value })],
  'a member that one of them has': ['any', (part, text) => (part === 0 ? { text } : { text, thought: part })],
  'a word': ['any', (part, text) => ({ isThought: part > 0, level: part, text })],
  'the next object in a list': ['any', (part, content) => [{ content }, { node: `node-${part}` }]],
  'the token of a progress': [
    'mcp',
    (part, message) => ({
      jsonrpc: '2.0',
      method: 'notifications/progress',
      params: { progressToken: `t${part}`, progress: 1, message },
    }),
  ],
  'a thought of Gemini': [
    'gemini',
    (part, text) => ({ candidates: [{ content: { parts: [part === 0 ? { text } : { text, thought: true }] } }] }),
  ],
  'a call of a tool in Chat Completions, by its id': [
    'chat-completions',
    (part, text) => ({
      choices: [{ index: 0, delta: { tool_calls: [{ id: `call_${part}`, function: { arguments: text } }] } }],
    }),
  ],
  'a block of Bedrock': ['bedrock', (part, text) => ({ contentBlockIndex: part, delta: { text } })],
}

const recordOf = (value: unknown): AnswerRecord => parseSseRecord(`data: ${JSON.stringify(value)}\n\n`, 5)

/** The strings of a record that are no names of what tells it apart, joined. */
const saidIn = (record: AnswerRecord | undefined): string =>
  (record ? valuesOf(record) : [])
    .flatMap((value: JsonValue | undefined) => (value === undefined ? [] : [...leavesOf(value)]))
    .flatMap(({ value, place }) =>
      typeof value === 'string' && /^(?:delta|text|content|value|message|arguments)$/.test(String(place.at(-1)))
        ? value
        : [],
    )
    .join('')

const KEYS = [SECRETS['openai-key'], SECRETS['anthropic-key'], SECRETS['huggingface-token']] as const

/** What stands around a key: no character that a key could have, so that none of it is taken for a piece of another one. */
const around = (key: string): string => `→ ${key} ←`

/** The texts in pieces, and in turns: each number takes the next piece of the text with that number. */
const inTurns = fc.record({
  cuts: fc.array(fc.array(fc.nat(50), { minLength: 2, maxLength: 12 }), { minLength: 2, maxLength: 3 }),
  order: fc.array(fc.nat(2), { maxLength: 60 }),
})

/** Which text goes on, and with what. */
function turnsOf({ cuts, order }: { cuts: readonly number[][]; order: readonly number[] }): [number, string][] {
  const waiting = cuts.map((places, part) => {
    const text = around(KEYS[part] ?? '')
    const at = [0, ...new Set(places.toSorted((a, b) => a - b)), text.length]
    return at
      .slice(1)
      .map((end, index) => text.slice(at[index], end))
      .filter((piece) => piece !== '')
  })
  const turns: [number, string][] = []
  const say = (part: number) => {
    const piece = waiting[part]?.shift()
    if (piece !== undefined) turns.push([part, piece])
  }
  for (const part of order) say(part)
  while (waiting.some(({ length }) => length > 0)) for (const part of waiting.keys()) say(part)
  return turns
}

test.each(Object.entries(SAYS))('by %s', async (_what, [api, say]) => {
  await fc.assert(
    fc.asyncProperty(inTurns, async (given) => {
      // A member that is there or not tells two texts apart, and no more.
      const parts = api === 'gemini' ? 2 : 3
      const turns = turnsOf({ ...given, cuts: given.cuts.slice(0, parts) })
      const records = turns.map(([part, text]) => recordOf(say(part, text)))
      const written = await redactor.records(records, apiNamed(api))
      const told = given.cuts
        .slice(0, parts)
        .map((_cut, part) => turns.map(([of], index) => (of === part ? saidIn(written[index]) : '')).join(''))
      expect(told.map((text) => text.replaceAll(/\[redacted:[\w-]+\]/g, ''))).toEqual(told.map(() => around('')))
    }),
    { numRuns: 25 },
  )
})

const inThree = (text: string): string[] => [text.slice(0, 9), text.slice(9, 20), text.slice(20)]

const [KEY] = KEYS

test.each(['summary', 'reason', 'code', 'detail', 'error', 'name', 'language'])(
  'pieces that look like words are pieces of a text in a member that may hold one: %s',
  async (name) => {
    const records = inThree(KEY).map((piece) => recordOf({ type: 'piece', [name]: piece }))
    const written = await redactor.records(records, apiNamed('any'))
    expect(written.map(({ event }) => event?.body[name])).toEqual(['[redacted:openai-key]', '', ''])
  },
)

test('a text that begins in an event of another type is one text', async () => {
  const records = inThree(KEY).map((text, index) => recordOf({ type: index === 0 ? 'start' : 'delta', part: { text } }))
  const written = await redactor.records(records, apiNamed('any'))
  expect(written.map(({ event }) => event?.body.part)).toEqual([
    { text: '[redacted:openai-key]' },
    { text: '' },
    { text: '' },
  ])
})

test('so many members are followed, and no more: an API may give each event others', () => {
  const turns = createTurns()
  const comesAgain = (name: string) => {
    for (const value of [1, 2, 1]) turns.take({ [name]: value })
  }
  comesAgain('first')
  for (let event = 0; event < 2000; event++) turns.take({ [`n${event}`]: 0, first: event % 2 })
  comesAgain('last')
  expect(turns.tellers().map(({ place }) => place.join())).toContain('first')
  expect(turns.tellers().map(({ place }) => place.join())).not.toContain('last')
})

test('what comes again by chance harms nothing that holds no secret', async () => {
  const words = ['sk', '-', 'proj', ' the ', 'a1b2c3', 'of', '-', 'sk', ' it ', 'a1b2c3', '-', 'of']
  const records = Array.from({ length: 400 }, (_none, index) => {
    const text = words[(index * 7 + (index >> 3)) % words.length]
    return recordOf({
      token: { id: index % 5, text: index % 3 === 0 ? ' and ' : text },
      p: 'abcdefgh'.slice(index % 6),
    })
  })
  expect(await redactor.records(records, apiNamed('any'))).toBe(records)
})
