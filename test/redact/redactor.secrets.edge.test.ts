/**
 * A secret is found whatever it is written in, and however it comes in pieces. The shapes in which APIs stream are tried
 * with every disguise, cut in two and in three at places chosen by a fixed seed; the first
 * shapes at every place.
 */
import { describe, expect, test } from 'vitest'
import { apiNamed } from '../../server/api/index.ts'
import { type Redactor, createRedactor } from '../../server/redact/redactor.ts'
import { DISGUISES, JSON_FORMS, shows } from './disguises.ts'
import { randomFrom, sampleOf, valuesOf } from './exchanges.ts'
import { whereShown } from './exposure.ts'
import { SECRETS } from './samples.ts'
import { SHAPES, type Shape, type Write, recordsIn } from './shapes.ts'

const OWN = 'gw7f3a9c1e5b2d8046'

/** What is planted, and who knows it. */
const KNOWN: Readonly<Record<string, { readonly secret: string; readonly redactor: Redactor }>> = {
  'of a known kind': { secret: SECRETS['openai-key'], redactor: createRedactor({}) },
  'of another known kind': { secret: SECRETS['github-token'], redactor: createRedactor({}) },
  configured: { secret: OWN, redactor: createRedactor({ 'api-key': OWN }) },
  "a client's own": {
    secret: OWN,
    redactor: createRedactor({ 'api-key': 'another-0815-key' }).with({ 'client-key': OWN }),
  },
  ...Object.fromEntries(
    [
      'gw9f8e"7d6c5b4a321',
      String.raw`pa55\w0rd\tok3n-91`,
      'k3y/with/slashes+and=42',
      'gw-\u00FCn\u00EF-7d6c5b4a321',
    ].map((secret) => [`configured: ${secret}`, { secret, redactor: createRedactor({ 'auth-token': secret }) }]),
  ),
}

/** Writes an object with these texts in another form of JSON. */
const writeAs = (form: (text: string) => string, texts: readonly string[]): Write => {
  const planted = new Set(texts.map((text) => JSON.stringify(text)))
  return (object) =>
    JSON.stringify(object).replaceAll(/("(?:[^"\\]|\\.)*")(:?)/g, (all, token: string, colon: string) =>
      colon === '' && planted.has(token) ? form(String(JSON.parse(token))) : all,
    )
}

/** What is wrong with an answer whose text comes in these pieces, once it is redacted. */
async function judge(
  shape: Shape,
  pieces: readonly string[],
  form: (text: string) => string,
  secret: string,
  redactor: Redactor,
) {
  const records = recordsIn(shape, pieces, writeAs(form, [...pieces, pieces.join('')]))
  let isTold = false
  const written = await redactor.records(records, shape.api, () => void (isTold = true))
  const shown = whereShown(written, secret)
  if (shown !== undefined) return `shown by ${shown}`
  const text = written.map(({ wire }) => String(wire)).join('')
  if (!isTold) return 'not said to be redacted'
  const types = (list: typeof records) => list.map(({ event }) => event?.type ?? null)
  if (JSON.stringify(types(written).filter(Boolean)) !== JSON.stringify(types(records).filter(Boolean)))
    return 'of other events'
  const isJson = [...(shape.chunk === undefined ? written : [{ at: 0, wire: text }])].every(
    (record) => record.data === '[DONE]' || !valuesOf(record).includes(undefined),
  )
  return isJson ? undefined : 'no JSON any more'
}

/** A text in two pieces, and in three. */
const cuts = (text: string, at: number, more: number): string[][] => [
  [text.slice(0, at), text.slice(at)],
  [text.slice(0, at), text.slice(at, at + more), text.slice(at + more)],
]

/** What is cut at every place. */
const isExact = (shape: string, disguise: string, who: string): boolean =>
  /^(?:text of|arguments of a function|Chat Completions$)/.test(shape) &&
  /^(?:plain|base64|in JSON|percent-encoded, every byte)$/.test(disguise) &&
  /"|^configured$/.test(who)

describe.each(Object.entries(SHAPES))('%s', (name, shape) => {
  test.each(Object.entries(DISGUISES))('a secret %s, in pieces', async (disguise, hide) => {
    const random = randomFrom(name.length * 31 + disguise.length)
    const wrong: string[] = []
    for (const [who, { secret, redactor }] of Object.entries(KNOWN)) {
      const text = hide(secret)
      const every = Array.from({ length: text.length - 1 }, (_, index) => index + 1)
      for (const at of isExact(name, disguise, who) ? every : sampleOf(every, 2, random)) {
        const [form = ['', JSON.stringify]] = sampleOf(Object.entries(JSON_FORMS), 1, random)
        for (const pieces of cuts(text, at, 1 + Math.floor(random() * 6))) {
          const why = await judge(shape, pieces, form[1], secret, redactor)
          if (why !== undefined) wrong.push(`${who}, ${form[0]}, ${JSON.stringify(pieces)}: ${why}`)
        }
      }
    }
    expect({ times: wrong.length, first: wrong.slice(0, 4) }).toEqual({ times: 0, first: [] })
  })
})

/** Server-sent events in which a secret stands where no text is expected. */
const ELSEWHERE: Readonly<Record<string, (secret: string) => string>> = {
  'the name of an event without a type': (secret) => `event: ${secret}\ndata: {"x":1}\n\n`,
  'a member that stands twice': (secret) =>
    `data: {"type":"response.output_text.delta","delta":${JSON.stringify(secret)},"delta":"x"}\n\n`,
  'the name of a member': (secret) => `data: ${JSON.stringify({ type: 'x', map: { [secret]: 1 } })}\n\n`,
  'an annotation': (secret) =>
    `data: ${JSON.stringify({ type: 'response.output_text.annotation.added', annotation: { type: 'url_citation', url: `https://x.example/?k=${encodeURIComponent(secret)}`, title: secret } })}\n\n`,
  'a comment': (secret) => `: ${secret}\n\n`,
  'an id': (secret) => `id: ${secret}\ndata: {"type":"x"}\n\n`,
  'data that is no JSON': (secret) => `data: no json ${secret}\n\n`,
  'data in two lines': (secret) => `data: {"type":"x",\ndata: "t":${JSON.stringify(secret)}}\n\n`,
  'an error': (secret) =>
    `data: ${JSON.stringify({ type: 'error', error: { message: `Incorrect API key: ${secret}.`, code: null } })}\n\n`,
  'an opaque member': (secret) => `data: ${JSON.stringify({ type: 'x', id: secret, encrypted_content: secret })}\n\n`,
}

test.each(Object.entries(ELSEWHERE))('a configured secret in %s of a stream is not written', async (_where, body) => {
  const wrong: string[] = []
  for (const [who, { secret, redactor }] of Object.entries(KNOWN)) {
    if (who.startsWith('of ')) continue
    const shape: Shape = {
      api: apiNamed('responses'),
      headers: [['content-type', 'text/event-stream']],
      body: () => body(secret),
    }
    const written = await redactor.records(recordsIn(shape, [], JSON.stringify), shape.api)
    const shown = whereShown(written, secret)
    if (shown !== undefined) wrong.push(`${who}: ${shown}`)
  }
  expect(wrong).toEqual([])
})

test.each(Object.entries(DISGUISES))('a secret %s is in no text, header or query', (_name, hide) => {
  const wrong: string[] = []
  for (const [who, { secret, redactor }] of Object.entries(KNOWN)) {
    const text = hide(secret)
    const pairs = [['x-note', text]] as const
    const forms = {
      text: redactor.text(text),
      body: redactor.body(`<p>${text}`),
      json: redactor.json(JSON.stringify({ a: { b: [text] } })),
      headers: JSON.stringify(redactor.headers(pairs)),
      query: JSON.stringify(redactor.query(pairs)),
    }
    for (const [where, written] of Object.entries(forms))
      if (shows(written, secret)) wrong.push(`${who} in ${where}: ${written}`)
  }
  expect(wrong).toEqual([])
})

test('what holds no secret stays as it is, however much it looks like one in disguise', async () => {
  const texts = [
    'aGVsbG8gd29ybGQ= is base64',
    '%E2%9C%93 is a tick',
    'a\u200Bb',
    String.raw`{"a":"\u0041"}`,
    'sk-learn',
    '{"k":"%41"}',
  ]
  const redactor = createRedactor({ 'api-key': OWN })
  for (const text of texts) {
    expect(redactor.text(text)).toBe(text)
    for (const shape of Object.values(SHAPES)) {
      const records = recordsIn(shape, [text.slice(0, 5), text.slice(5)], JSON.stringify)
      expect(await redactor.records(records, shape.api)).toBe(records)
    }
  }
})
