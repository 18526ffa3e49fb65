/**
 * A user's patterns count in texts alone. Whatever they look for, a recording that was redacted still is one: as many
 * records, of the same types, that end as they did. What is tried is chosen by fixed seeds: for each word of the protocols
 * an exchange in which it stands, for each other pattern the shortest exchanges of each API in each form.
 */
import { beforeAll, describe, expect, test } from 'vitest'
import { type FramingName, carrierOf } from '../../server/api/framing/index.ts'
import type { AnswerRecord } from '../../server/api/record.ts'
import { type JsonValue, isEqual, isObject, parseJson } from '../../server/base/json.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { type Rules, parseRules } from '../../server/redact/rules.ts'
import * as kit from './exchanges.ts'
import { type Exchange, leavesOf, nameOf, randomFrom, sampleOf, valuesOf } from './exchanges.ts'
import { keyOf, partsOf, piecesOf, wholesOf } from './parts.ts'

/** What is to be true of every exchange and rule; each has a list of where it was not. */
const PROMISES = {
  redacts: 'is redacted, and not refused',
  count: 'has as many records',
  json: 'is JSON where it was',
  shape: 'has the same members, numbers and words',
  words: 'has the same types, roles, statuses, ids and names',
  fields: 'has the same fields around its data',
  again: 'is cut into the same records when it is sent again',
  end: 'ends as it did',
  sums: 'has pieces that still add up to the text that stands as a whole',
  inner: 'has arguments that are still JSON',
  texts: 'has no text left that the pattern finds',
} as const

type Promised = keyof typeof PROMISES
type Tell = (what: Promised, where: unknown) => void

const PLACEHOLDERS = ['[taken out]', '-', String.raw`<a "b" \c>`]

const PATTERNS: readonly (readonly [pattern: string, flags?: string])[] = [
  ...['e', 'T', '0', '1', '7', String.raw`\d`, String.raw`\d+`, String.raw`\d{3,}`, String.raw`\b\d+\b`].map(
    (p) => [p] as const,
  ),
  ...['.', String.raw`\.`, String.raw`\w+`, String.raw`[a-z]+_[a-z]+`, String.raw`\b[a-z]+_[a-z]+\b`, '[a-z]', '_'].map(
    (p) => [p] as const,
  ),
  ...[String.raw`\d{4}-\d{2}-\d{2}`, String.raw`[\w-]+\.[a-z]{2,}`, 'https?://', 'gpt-[\\w.-]+', '[0-9a-f]{8,}'].map(
    (p) => [p] as const,
  ),
  ...[
    '"',
    "'",
    '[{}]',
    String.raw`[[\]]`,
    String.raw`\\`,
    String.raw`\s`,
    String.raw`\s+`,
    String.raw`\n`,
    ':',
    ',',
    '/',
  ].map((p) => [p] as const),
  ['delta', 'i'],
  ['item', 'i'],
  ['output', 'i'],
  ['text', 'i'],
  ['message', 'i'],
  ['.', 's'],
  [String.raw`\p{L}`, 'u'],
  [String.raw`[\s\S]{3}`],
]

/** Words that are no values of members. */
const WORDS = ['data', 'event', 'DONE', String.raw`\[DONE\]`, 'json', 'id', 'retry', 'null', 'true', 'false']

/** Members whose values programs act on. */
const WORDLY =
  /^(?:type|role|status|object|finish_reason|finishReason|stop_reason|stop_sequence|event|id|\w+_id|model|modelVersion)$/

/** Members that hold what somebody wrote as he likes. */
const FREE = [
  'arguments',
  'metadata',
  'input',
  'args',
  'parameters',
  'schema',
  'input_schema',
  'properties',
  'logprobs',
  'variables',
]

/** Members whose strings are texts in every API. */
const TEXTUAL = /^(?:delta|text|content|thinking|refusal|reasoning_content)$/

const isFree = (place: readonly (string | number)[]): boolean =>
  place.slice(0, -1).some((step) => FREE.includes(String(step)))

const rulesFor = (pattern: string, flags: string | undefined, placeholder: string): Rules | undefined => {
  try {
    return parseRules(JSON.stringify({ redact: [{ pattern, ...(flags ? { flags } : {}), placeholder }] }), 'rules')
  } catch {
    // The pattern finds its own placeholder.
    return undefined
  }
}

/** The words that stand in members of these exchanges, names of members among them, and where each stands. */
function wordsIn(exchanges: readonly Exchange[]): Map<string, Exchange[]> {
  const words = new Map<string, Exchange[]>()
  for (const exchange of exchanges) {
    const own = new Set<string>()
    for (const value of exchange.records.flatMap(valuesOf)) {
      for (const leaf of value === undefined ? [] : leavesOf(value)) {
        if (isFree([...leaf.place, ''])) continue
        for (const step of leaf.place) if (typeof step === 'string') own.add(step)
        if (/^(?:type|role|status|object|\w+_reason|finishReason)$/.test(nameOf(leaf))) own.add(String(leaf.value))
      }
    }
    for (const word of own) if (/^[\w.-]{2,40}$/.test(word)) words.set(word, [...(words.get(word) ?? []), exchange])
  }
  return words
}

/** Tells where two values differ in more than their texts. */
function compare(before: JsonValue, after: JsonValue, tell: Tell): void {
  const [left, right] = [[...leavesOf(before)], [...leavesOf(after)]].map((leaves) =>
    leaves.filter(({ place }) => !place.includes('logprobs')),
  )
  if (!left || !right) return
  const shape = (leaves: typeof left) =>
    leaves.map(({ place, value }) => [place, typeof value === 'string' ? '' : value])
  const [one, other] = [JSON.stringify(shape(left)), JSON.stringify(shape(right))]
  if (one !== other) return tell('shape', differenceOf(one, other))
  for (const [index, leaf] of left.entries()) {
    const value = right[index]?.value
    const isName =
      nameOf(leaf) === 'name' &&
      isObject(leaf.within) &&
      ('arguments' in leaf.within || leaf.within.type === 'tool_use')
    const isWord = (WORDLY.test(nameOf(leaf)) || isName) && !isFree(leaf.place)
    if (isWord && value !== leaf.value) tell('words', [leaf.place.join('.'), leaf.value, value])
    if (
      /^(?:arguments|partial_json)$/.test(nameOf(leaf)) &&
      typeof leaf.value === 'string' &&
      typeof value === 'string'
    ) {
      if (isObject(parseJson(leaf.value)) && !isObject(parseJson(value))) tell('inner', [leaf.value, value])
    }
  }
}

const differenceOf = (one: string, other: string): string => {
  let at = 0
  while (at < one.length && one[at] === other[at]) at++
  return `${one.slice(Math.max(0, at - 40), at + 40)} | ${other.slice(Math.max(0, at - 40), at + 40)}`
}

/** What of a record is not its data: names, ids and comments of events, headers of messages, layouts of elements. */
function fieldsOf(record: AnswerRecord, framing: FramingName): JsonValue {
  const { wire, event, data } = record
  if ((event ?? data) === undefined) return []
  if (framing !== 'sse') return carrierOf(framing)?.describe(record, { eol: '\n' })?.said ?? null
  return String(wire)
    .split(/\r\n|\r|\n/)
    .filter((line) => line !== '' && !line.startsWith('data'))
}

const typesOf = (records: readonly AnswerRecord[]) =>
  records.map(({ event, data, wire }) => [
    event?.type,
    event?.name,
    data,
    event || data !== undefined ? '' : typeof wire,
  ])

/** Tells which promises an exchange breaks once it is redacted. */
function judge(exchange: Exchange, written: readonly AnswerRecord[], pattern: RegExp, placeholder: string, tell: Tell) {
  const { records } = exchange
  if (written.length !== records.length) return tell('count', [records.length, written.length])
  for (const [index, record] of records.entries()) {
    const after = written[index]
    if (!after) continue
    const [olds, news] = [valuesOf(record), valuesOf(after)]
    const [was, is] = [fieldsOf(record, exchange.framing), fieldsOf(after, exchange.framing)]
    if (!isEqual(was, is)) tell('fields', [was, is])
    if (record.data !== undefined && olds[0] === undefined && record.data !== after.data)
      tell('words', [record.data, after.data])
    for (const [line, old] of olds.entries()) {
      const value = news[line]
      if (old === undefined) continue
      if (value === undefined) tell('json', String(after.wire).slice(0, 120))
      else compare(old, value, tell)
    }
  }
  const again = kit.readAgain(exchange, written)
  const [one, other] = [JSON.stringify(typesOf(written)), JSON.stringify(typesOf(again))]
  if (one !== other) tell('again', differenceOf(one, other))
  const [end, was] = [kit.endOf(exchange, written), kit.endOf(exchange, records)]
  if (JSON.stringify(end) !== JSON.stringify(was))
    tell('end', [was.end, was.isFinished, was.id, end.end, end.isFinished, end.id])
  judgeParts(records, new Map(piecesOf(written).map((piece) => [keyOf(piece), piece.value])), tell)
  // A boundary may come and go with what stands beside it.
  if (/\\b/.test(pattern.source)) return
  for (const { leaf, value } of piecesOf(written)) {
    if (!TEXTUAL.test(nameOf(leaf)) || isFree(leaf.place) || /^\s*[[{]/.test(value)) continue
    const left = value
      .split(placeholder)
      .find((text) => new RegExp(pattern.source, pattern.flags.replace('g', '')).test(text))
    if (left !== undefined && !/argument|json|input/.test(JSON.stringify(leaf.within)))
      tell('texts', [leaf.place.join('.'), value])
  }
}

/** Tells which texts that came in pieces are not any more what stands as a whole, or no JSON. */
function judgeParts(records: readonly AnswerRecord[], written: ReadonlyMap<string, string>, tell: Tell): void {
  const joined = new Map<string, string>()
  for (const [part, pieces] of partsOf(records)) {
    const [text, after] = [pieces.map(({ value }) => value), pieces.map((piece) => written.get(keyOf(piece)))].map(
      (list) => list.join(''),
    )
    joined.set(part, after ?? '')
    if (/argument|json/.test(part) && isObject(parseJson(text ?? '')) && !isObject(parseJson(after ?? '')))
      tell('inner', [text, after])
  }
  for (const { part, at } of wholesOf(records)) {
    const whole = written.get(keyOf(at))
    if (joined.get(part) !== whole) tell('sums', [at.place.join('.'), joined.get(part), whole])
  }
}

/** Redacts an exchange by one rule; tells what is broken then. */
async function attempt(
  exchange: Exchange,
  rule: readonly [string, string?],
  placeholder: string,
  tell: Tell,
): Promise<boolean> {
  const rules = rulesFor(rule[0], rule[1], placeholder)
  const [pattern] = rules?.patterns ?? []
  if (!rules || !pattern) return false
  const where: Tell = (what, seen) => tell(what, { exchange: exchange.name, rule, placeholder, seen })
  try {
    const written = await createRedactor({}, rules).records(exchange.records, exchange.api)
    if (written !== exchange.records) judge(exchange, written, pattern.expression, placeholder, where)
  } catch (error) {
    where('redacts', String(error))
  }
  return true
}

describe.skipIf(kit.absent)(`an exchange${kit.absent ? `: ${kit.absent}` : ''}`, () => {
  const broken = new Map<Promised, unknown[]>()
  const told: Tell = (what, where) => void broken.set(what, [...(broken.get(what) ?? []), where])
  let [tried, all] = [0, kit.readExchanges()]

  beforeAll(async () => {
    const random = randomFrom(11)
    const small = all.filter((exchange) => kit.sizeOf(exchange) < 12_000)
    const words = [...wordsIn(small), ...WORDS.map((word) => [word, small] as const)]
    for (const [index, [word, those]] of words.entries()) {
      const placeholder = PLACEHOLDERS[index % PLACEHOLDERS.length] ?? '-'
      for (const exchange of sampleOf(those, 1, random))
        tried += Number(await attempt(exchange, [word], placeholder, told))
    }
    for (const exchange of kit.someOfEach(
      all.filter(({ records }) => records.length > 0),
      2,
    )) {
      if (kit.sizeOf(exchange) > 60_000) continue
      const patterns = sampleOf(PATTERNS, 6, random)
      for (const rule of patterns)
        for (const placeholder of sampleOf(PLACEHOLDERS, 1, random))
          tried += Number(await attempt(exchange, rule, placeholder, told))
    }
    for (const exchange of sampleOf(
      small.filter(({ family }) => family === 'responses sse'),
      6,
      random,
    )) {
      for (const rule of PATTERNS)
        for (const placeholder of PLACEHOLDERS) tried += Number(await attempt(exchange, rule, placeholder, told))
    }
  })

  test('of each kind was tried', () => {
    expect(tried).toBeGreaterThan(700)
  })

  test.each(Object.entries(PROMISES))('(%s) %s', (what, _says) => {
    const those = [...broken].find(([name]) => name === what)?.[1] ?? []
    expect({ times: those.length, first: those.slice(0, 5) }).toEqual({ times: 0, first: [] })
  })

  test('is the very same list if no rule finds anything in it', async () => {
    const rules = parseRules(
      JSON.stringify({
        redact: [
          { pattern: 'no such word \\d+', placeholder: '[none]' },
          { path: '$..no_such_member', placeholder: '[none]' },
        ],
      }),
      'rules',
    )
    const redactor = createRedactor({ 'api-key': 'no-such-secret-0815' }, rules)
    const changed: string[] = []
    for (const { name, records, api } of all) if ((await redactor.records(records, api)) !== records) changed.push(name)
    expect(changed).toEqual([])
  })
})
