/**
 * What is redacted is as long as a client or an API makes it: four times the text may take four times as long, and no text
 * may take much longer than one that holds nothing. Times are compared with others of the same run, and measured again if
 * they are too long: the machine may have been busy.
 */
import { describe, expect, test } from 'vitest'
import { responses } from '../../server/api/responses/index.ts'
import { KNOWN } from '../../server/redact/kinds.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { parseRules } from '../../server/redact/rules.ts'
import { toRecords } from './kit.ts'

const MB = 1 << 20

const repeat = (text: string, length: number): string => text.repeat(Math.ceil(length / text.length)).slice(0, length)

/** Makes a text of a length. */
type Make = (length: number) => string

/** How much time of the processor some work takes, in ms: other processes have theirs. */
async function timeOf(work: () => unknown): Promise<number> {
  const before = process.threadCpuUsage()
  await work()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1000
}

/** What it takes to read the words of 1 MB: the measure of this machine, now. */
const reading = () =>
  timeOf(() => Array.from(repeat('The quick brown fox. ', MB).matchAll(/(?<![\w-])[\w-]{1,99999}/g)).length)

/** Four times as much takes four times as long; twice that is the noise. */
const MOST_RATIO = 8

/** No text may take longer than so many readings of it. */
const MOST_READINGS = 20

/** What is as fast as that is not worth a ratio, which collecting garbage may spoil. */
const FEW_READINGS = 2

/** What takes less is not looked at any closer. In ms. */
const SHORT = 50

/** Why some work is too slow; undefined if it is not, at one of five tries. */
async function slowness(work: (text: string) => unknown, make: Make): Promise<string | undefined> {
  const long = make(MB)
  let why: string | undefined
  for (let attempt = 0; attempt < 5; attempt++) {
    const much = await timeOf(() => work(long))
    if (much < SHORT) return undefined
    const short = make(MB / 4)
    const little = Math.min(await timeOf(() => work(short)), await timeOf(() => work(short)))
    const readings = much / (await reading())
    if (readings <= MOST_READINGS && (readings <= FEW_READINGS || much / little <= MOST_RATIO)) return undefined
    why = `256 kB in ${little.toFixed(0)} ms, 1 MB in ${much.toFixed(0)} ms: ${readings.toFixed(0)} readings`
  }
  return why
}

const FILLINGS = ['1', 'aA1_', 'a.', 'a-']

/** Texts that are slow for a rule: every beginning repeated, the hint far away, every bounded repetition filled. */
const textsFor = (hint: string): readonly (readonly [string, Make])[] => [
  [hint, (length) => repeat(hint, length)],
  ...FILLINGS.flatMap((filling): [string, Make][] => [
    [`${filling}…${hint}`, (length) => repeat(filling, length) + hint],
    [`${hint}${filling} and again`, (length) => repeat(hint + repeat(filling, 30), length)],
    [`${hint}${filling} filled, and again`, (length) => repeat(hint + repeat(filling, 110), length)],
  ]),
]

describe('a rule for a known kind takes linear time', () => {
  test.each(KNOWN.map((rule) => [rule.hints.join(' '), rule] as const))('%s', async (_hints, rule) => {
    const slow: string[] = []
    for (const hint of rule.hints) {
      for (const [name, make] of textsFor(hint)) {
        const why = await slowness((text) => rule.find(text), make)
        if (why !== undefined) slow.push(`${name}: ${why}`)
        if (slow.length > 0) break
      }
    }
    expect(slow).toEqual([])
  })
})

/** Texts that are slow for what finds addresses, places, escapes and disguises. */
const TEXTS: Readonly<Record<string, Make>> = {
  'beginnings of private keys': (length) => repeat('-----BEGIN PRIVATE KEY-----', length),
  'a private key without an end': (length) => `-----BEGIN PRIVATE KEY-----${repeat('A', length)}`,
  'private keys of blanks': (length) => repeat(`-----BEGIN PRIVATE KEY-----${'A '.repeat(40)}`, length),
  'a login far from its end': (length) => `${repeat('a', length)} :x-oauth-basic@github.com/`,
  'logins of databases': (length) => repeat(`postgres://${'a'.repeat(100)}:${'b'.repeat(200)} `, length),
  'logins of pages': (length) => repeat(`https://${'a'.repeat(256)}:${'b'.repeat(256)} `, length),
  'secret access keys': (length) => repeat(`secret_access_key${'\\'.repeat(4)}${' '.repeat(20)}`, length),
  authorizations: (length) => repeat(`authorization: bearer ${'a'.repeat(120)} `, length),
  schemes: (length) => repeat('https://', length),
  parameters: (length) => `https://x.example/?${repeat('key=abcdef&', length)}`,
  'parameters without a value': (length) => `https://x.example/?${repeat('&', length)}`,
  'a parameter of brackets': (length) => `https://x.example/?key=${repeat(')', length)}`,
  'a parameter of pairs of brackets': (length) => `https://x.example/?key=${repeat('()', length)}`,
  'addresses that end in brackets': (length) => repeat('https://x.example/?key=((((()))))) ', length),
  'encoded parameters': (length) => `https://x.example/?${repeat('%26', length)}`,
  'escaped parameters': (length) => `https://x.example/?${repeat(String.raw`\u0026key=abcde`, length)}`,
  'a list that is never closed': (length) => repeat('[', length),
  'objects that are never closed': (length) => repeat('{"a":', length),
  quotes: (length) => repeat('"', length),
  backslashes: (length) => `{"a":"${repeat('\\', length)}`,
  escapes: (length) => `{"a":"${repeat(String.raw`\u0061`, length)}"}`,
  'a list of headers': (length) => `{"headers":[${repeat('{"name":"x-api-key","value":"abcdefgh"},', length)}{}]}`,
  'names of headers, and blanks': (length) => repeat(`headers"${' '.repeat(990)}`, length),
  'names of headers, and backslashes': (length) => repeat(`headers${'\\'.repeat(9990)}`, length),
  'a name that is never told': (length) => `authorization${repeat('\\', length)}`,
  'JSON in JSON in JSON': (length) => {
    let text = 'sk-aaaaaaaaaaaaaaaaaaaa1'
    while (text.length < length / 2) text = JSON.stringify({ a: text, headers: {} })
    return text
  },
  base64: (length) => repeat('QUJDREVGR0g', length),
  'wrapped base64': (length) => repeat(`${'QUJDREVGR0hJSktM'.repeat(4)}\n`, length),
  'references to characters': (length) => repeat('&#45;&#x2d;&#', length),
  'colours that never end': (length) => repeat('\u001B[1;', length),
  'words of base64': (length) => repeat('QUJDREVGR0hJSktMTU5P ', length),
  'base64 that is JSON': (length) => repeat(`${Buffer.from('{"a":"b"}').toString('base64')} `, length),
  'percent-encoding': (length) => repeat('%41', length),
  'words of percent-encoding': (length) => repeat('%2541%2542 ', length),
  'invisible characters': (length) => repeat('\u200B', length),
  'a secret, again and again': (length) => repeat('gw7f3a9c1e5b2d8046', length),
  'the most of a secret': (length) => repeat('gw7f3a9c1e5b2d804', length),
  'secrets of a known kind': (length) => repeat('sk-aaaaaaaaaaaaaaaaaaaa1 ', length),
  'halves of characters': (length) => repeat('\uD83D', length),
}

describe('a text takes linear time', () => {
  const redactor = createRedactor({ 'api-key': 'gw7f3a9c1e5b2d8046', 'auth-token': 'correct"horse"battery9' })

  test.each(Object.entries(TEXTS))('%s', async (_name, make) => {
    const ways: Readonly<Record<string, (text: string) => unknown>> = {
      text: redactor.text,
      json: (text) => redactor.json(JSON.stringify({ input: text })),
    }
    const slow: string[] = []
    for (const [way, work] of Object.entries(ways)) {
      const why = await slowness(work, make)
      if (why !== undefined) slow.push(`${way}: ${why}`)
      if (slow.length > 0) break
    }
    expect(slow).toEqual([])
  })
})

describe('records that hold no event take linear time', () => {
  const redactor = createRedactor({ 'api-key': 'gw7f3a9c1e5b2d8046' })
  const records: Readonly<Record<string, Make>> = {
    'blank lines': (length) => repeat('\n', length),
    'lines of blanks': (length) => repeat(' \n', length),
    'lists that are begun': (length) => repeat('[\n', length),
    'items that are begun': (length) => repeat(',\r\n', length),
    'fields without a value': (length) => repeat('data:\n', length),
    'objects that are begun': (length) => repeat('\n{', length),
  }

  test.each(Object.entries(records))('%s', async (_name, make) => {
    const redact = (text: string) => redactor.records([{ at: 0, wire: text }], responses)
    const inEvents = (text: string) =>
      redactor.records([...toRecords([{ type: 'x' }]), { at: 20, wire: text }], responses)
    expect([await slowness(redact, make), await slowness(inEvents, make)]).toEqual([undefined, undefined])
  })
})

describe('what a client brings takes linear time', () => {
  test.each<[string, string, Make]>([
    ['a login of colons', 'authorization', (length) => `Basic ${btoa(repeat('a:', length))}`],
    ['a login that is none', 'authorization', (length) => `Basic ${btoa(`${repeat('a:', length)}\n`)}`],
    ['a key of blanks', 'x-api-key', (length) => `${repeat(' ', length)}x`],
    ['schemes', 'authorization', (length) => repeat('Bearer ', length)],
    ['cookies', 'cookie', (length) => repeat('a=b; ', length)],
  ])('%s', async (_what, name, make) => {
    const redactor = createRedactor({})
    const bring = (value: string) => redactor.for({ headers: [[name, value]], query: '', credential: value })
    expect(await slowness(bring, make)).toBeUndefined()
  })
})

describe('rules of the user take linear time', () => {
  const redactorOf = (rule: Readonly<Record<string, string>>) =>
    createRedactor({}, parseRules(JSON.stringify({ redact: [{ placeholder: '[out]', ...rule }] }), 'rules'))

  test('a path that goes deep several times is hardly slower than one that does once', async () => {
    const deep = (depth: number): unknown =>
      depth === 0 ? Array.from({ length: 20 }, (_, x) => ({ y: x })) : { a: deep(depth - 1), b: 1 }
    const json = JSON.stringify({ input: Array.from({ length: 4 }, () => deep(32)), x: 1 })
    const times = async (path: string) => {
      const redactor = redactorOf({ path })
      return Math.min(...(await Promise.all([0, 1].map(() => timeOf(() => redactor.json(json))))))
    }
    await times('$..x')
    expect(await times('$..a..a..a..a..x')).toBeLessThan(20 * Math.max(1, await times('$..x')))
  })

  test.each([
    ['each with a match', (index: number) => `${1000 + index} `],
    ['of which two make one match', (index: number) => (index % 2 === 0 ? '12' : '34 ')],
    ['which are one match', () => '7'],
  ])('2,000 deltas take at most twice as long as four times 500, %s', async (_what, deltaOf) => {
    const redactor = redactorOf({ pattern: String.raw`\b\d{3,}\b` })
    const answer = (count: number) => {
      const deltas = Array.from({ length: count }, (_, index) => deltaOf(index))
      const at = { item_id: 'msg_1', output_index: 0, content_index: 0 }
      return toRecords([
        ...deltas.map((delta) => ({ type: 'response.output_text.delta', ...at, delta })),
        { type: 'response.output_text.done', ...at, text: deltas.join('') },
      ])
    }
    let ratio = Infinity
    for (let attempt = 0; attempt < 3 && ratio > MOST_RATIO; attempt++) {
      const [few, many] = [answer(500), answer(2000)]
      const little = Math.min(
        await timeOf(() => redactor.records(few, responses)),
        await timeOf(() => redactor.records(few, responses)),
      )
      ratio = (await timeOf(() => redactor.records(many, responses))) / Math.max(little, 1)
    }
    expect(ratio).toBeLessThan(MOST_RATIO)
  })
})
