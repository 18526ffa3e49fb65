/**
 * Secrets planted in real exchanges: in a text of the request, in a text of the answer, or in pieces over the records that
 * stream it. What is tried is chosen by a fixed seed: some texts of the shorter exchanges of each API in each form, each
 * with another secret, another disguise and another cut.
 */
import { describe, expect, test } from 'vitest'
import type { Call } from '../../server/api/call.ts'
import { apiOf } from '../../server/api/index.ts'
import type { AnswerRecord } from '../../server/api/record.ts'
import type { JsonValue } from '../../server/base/json.ts'
import { parseJson } from '../../server/base/json.ts'
import { fileName, identify } from '../../server/fixture/key.ts'
import { type Redactor, createRedactor } from '../../server/redact/redactor.ts'
import { readAnswers, readRequest } from '../kit/corpus-any.ts'
import { DISGUISES, shows } from './disguises.ts'
import * as kit from './exchanges.ts'
import { type Exchange, leavesOf, nameOf, randomFrom, sampleOf, valuesOf } from './exchanges.ts'
import { whereShown } from './exposure.ts'
import { type Piece, partsOf, piecesOf, withValueAt } from './parts.ts'
import { samplesFrom } from '../kit/secrets.ts'

/** Members that hold texts in every API. */
const TEXTS =
  /^(?:delta|text|content|arguments|output|input|prompt|thinking|refusal|reasoning|reasoning_content|partial_json|stdout|stderr|message|title|url|description|instructions|query|system|code|logs|quote|snippet)$/

/** Two values of one secret, and who knows each. */
interface Secret {
  readonly name: string
  readonly values: readonly [string, string]
  readonly redactors: readonly [Redactor, Redactor]
}

/** Tokens of a known kind, which stand alone. */
const KINDS = [
  'anthropic-key',
  'openai-key',
  'github-token',
  'gitlab-token',
  'slack-token',
  'stripe-key',
  'npm-token',
  'groq-key',
  'jwt',
]

const tokensOf = (seed: number) =>
  samplesFrom(seed).filter(({ kind, text, secret }) => KINDS.includes(kind) && text === secret)

function secretsFor(seed: number): Secret[] {
  const others = tokensOf(seed + 1)
  const nobody = createRedactor({})
  const known = tokensOf(seed).map(({ kind, secret }, index): Secret => ({
    name: kind,
    values: [secret, others[index]?.secret ?? secret],
    redactors: [nobody, nobody],
  }))
  const given = (name: string, one: string, other: string, knows: (value: string) => Redactor): Secret => ({
    name,
    values: [one, other],
    redactors: [knows(one), knows(other)],
  })
  const configured = (value: string) => createRedactor({ 'api-key': value })
  return [
    ...known,
    given('configured', 'gw7f3a9c1e5b2d8046', 'gw0b1c2d3e4f5a6978', configured),
    given('configured, of another length', 'gw7f3a9c1e5b2d8046', 'gw0b1c2d3e4f5a6978-and-longer', configured),
    given('configured, with quotes', 'gw9f8e"7d6c5b4a321', 'gw1a2b"3c4d5e6f708', configured),
    given('configured, with backslashes', String.raw`pa55\w0rd\tok3n-91`, String.raw`pa66\w1rd\tok4n-82`, configured),
    given('configured, not ASCII', 'gw-\u00FCn\u00EF-7d6c5b4a321', 'gw-\u00E9t\u00E9-1a2b3c4d5e6', configured),
    given("a client's own", 'own7f3a9c1e5b2d8046', 'own0b1c2d3e4f5a6978', (value) =>
      configured('another-0815-key').with({ 'client-key': value }),
    ),
  ]
}

/** A text with a secret in it. JSON in a text stays JSON. */
function planted(text: string, hidden: string): string {
  const inner = parseJson(text)
  if (typeof inner === 'object' && inner !== null && !Array.isArray(inner))
    return JSON.stringify({ ...inner, planted: hidden })
  return `${text} ${hidden} `
}

/** The body of an answer with other texts in these places. */
function rewritten(records: readonly AnswerRecord[], changes: readonly Piece[]): string | undefined {
  const wires = records.map(({ wire }) => (typeof wire === 'string' ? wire : undefined))
  for (const { record, line, place, value } of changes) {
    const [wire, each] = [wires[record], records[record]]
    if (wire === undefined || !each) return undefined
    const texts = each.event
      ? [each.event.text]
      : parseJson(wire) === undefined
        ? wire.split('\n').filter((text) => text.trim() !== '')
        : [wire]
    const text = texts[line] ?? ''
    const root = parseJson(text)
    if (root === undefined || !wire.includes(text)) return undefined
    wires[record] = wire.replace(text, () => JSON.stringify(withValueAt(root, place, value)))
  }
  return wires.join('')
}

/** Places of an answer for a secret: one text; two or three pieces of one that streams. Each record at most once. */
function changesFor(exchange: Exchange, hidden: string, random: () => number): Piece[] {
  const texts = piecesOf(exchange.records).filter(
    ({ leaf, value }) => TEXTS.test(nameOf(leaf)) && !/^data:|^[\w+/]{200,}/.test(value),
  )
  const parts = [...partsOf(exchange.records).values()].map((list) => {
    const byRecord = [...new Map(list.map((piece) => [piece.record, piece])).values()]
    return byRecord.filter(({ value }) => value !== '')
  })
  const streamed = sampleOf(
    parts.filter(({ length }) => length > 3),
    1,
    random,
  )[0]
  if (streamed && random() < 0.6) {
    const at = 1 + Math.floor(random() * (streamed.length - 3))
    const cut = 1 + Math.floor(random() * (hidden.length - 1))
    const next = Math.min(hidden.length, cut + 1 + Math.floor(random() * 8))
    const pieces = [` ${hidden.slice(0, cut)}`, hidden.slice(cut, next), `${hidden.slice(next)} `]
    const [one, two, three] = streamed.slice(at, at + 3)
    if (!one || !two || !three) return []
    return [
      { ...one, value: one.value + pieces[0] },
      { ...two, value: pieces[1] ?? '' },
      { ...three, value: pieces[2] + three.value },
    ]
  }
  return sampleOf(texts, 1, random).map((piece) => ({ ...piece, value: planted(piece.value, hidden) }))
}

const disguises = Object.entries(DISGUISES)

describe.skipIf(kit.absent)(`a secret that is planted${kit.absent ? `: ${kit.absent}` : ''}`, () => {
  const small = kit.readExchanges().filter((exchange) => kit.sizeOf(exchange) < 16_000)

  test('in a real answer is not written, and the answer is as long and ends as before', async () => {
    const random = randomFrom(23)
    const wrong: string[] = []
    let count = 0
    const families = [...Map.groupBy(small, ({ family }) => family).values()]
    for (const exchange of families.flatMap((alike) => sampleOf(alike, alike.length > 20 ? 12 : 4, random))) {
      for (const secret of sampleOf(secretsFor(7), 5, random)) {
        const [[disguise, hide] = ['', String]] = sampleOf(disguises, 1, random)
        const changes = changesFor(exchange, hide(secret.values[0]), random)
        const body = changes.length === 0 ? undefined : rewritten(exchange.records, changes)
        if (body === undefined) continue
        const records = kit.recordsOf(Buffer.from(body), exchange.headers)
        const told = (why: string) =>
          wrong.push(
            `${exchange.name}, ${secret.name}, ${disguise}, ${changes.map(({ place, value }) => `${place.join('.')}=${value.slice(-60)}`).join(' | ')}: ${why}`,
          )
        count++
        const written = await secret.redactors[0].records(records, exchange.api)
        const shown = whereShown(written, secret.values[0])
        if (shown !== undefined) told(`shown by ${shown}`)
        if (written.length !== records.length) told('not as many records')
        else if (JSON.stringify(kit.endOf(exchange, written)) !== JSON.stringify(kit.endOf(exchange, records)))
          told('another end')
        if (
          written.some(
            (record, index) =>
              valuesOf(record).includes(undefined) && !valuesOf(records[index] ?? record).includes(undefined),
          )
        )
          told('no JSON any more')
      }
    }
    expect(count).toBeGreaterThan(400)
    expect({ times: wrong.length, first: wrong.slice(0, 6) }).toEqual({ times: 0, first: [] })
  })

  test('in a real request is not written, nor in the name of the file, and another value makes the same key', async () => {
    const random = randomFrom(29)
    const wrong: string[] = []
    let count = 0
    for (const answer of sampleOf(readAnswers(), 160, random)) {
      const { method, path, body } = readRequest(answer)
      if (body === undefined || JSON.stringify(body).length > 20_000) continue
      const texts = [...leavesOf(body)].filter(
        (leaf) => TEXTS.test(nameOf(leaf)) && typeof leaf.value === 'string' && leaf.value.length < 5000,
      )
      for (const leaf of sampleOf(texts, 2, random)) {
        const [secret] = sampleOf(secretsFor(11), 1, random)
        const [[disguise, hide] = ['', String]] = sampleOf(disguises, 1, random)
        if (!secret) continue
        count++
        const seen = await Promise.all(
          secret.values.map(async (value, index) => {
            const call = callOf(method, path, withValueAt(body, leaf.place, planted(String(leaf.value), hide(value))))
            const identity = await identify(call, secret.redactors[index] ?? secret.redactors[0])
            return {
              key: identity.key,
              isShown: shows(identity.requestText, value) || shows(fileName(identity), value),
            }
          }),
        )
        const where = `${answer.name}, ${secret.name}, ${disguise}, ${leaf.place.join('.')}`
        if (seen.some(({ isShown }) => isShown)) wrong.push(`${where}: shown`)
        else if (seen[0]?.key !== seen[1]?.key) wrong.push(`${where}: another key`)
      }
    }
    expect(count).toBeGreaterThan(100)
    expect({ times: wrong.length, first: wrong.slice(0, 6) }).toEqual({ times: 0, first: [] })
  })
})

function callOf(method: string, path: string, body: JsonValue): Call {
  const content = Buffer.from(JSON.stringify(body))
  const headers: Call['headers'] = [['content-type', 'application/json']]
  return { api: apiOf({ method, path }), method, path, query: '', headers, body: content, content }
}
