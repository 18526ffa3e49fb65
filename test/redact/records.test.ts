import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { eventstream } from '../../server/api/framing/eventstream.ts'
import { encodeSseEvent, parseSseRecord } from '../../server/api/framing/sse.ts'
import { apiNamed } from '../../server/api/index.ts'
import type { AnswerRecord } from '../../server/api/record.ts'
import { objectOf } from '../../server/api/told.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { parseRules } from '../../server/redact/rules.ts'
import { compose } from '../kit/answers.ts'
import { placedFrom } from '../kit/secrets.ts'
import { bodiesOf, deltasOf, redacted, toRecords, wiresOf } from './kit.ts'
import { SECRETS } from './samples.ts'

const redactor = createRedactor({ 'api-key': 'the-c0nfigured-key' })
const secret = SECRETS['openai-key']
const hidden = '[redacted:openai-key]'

/** A text in deltas, cut at these places, and the event that ends it. */
function part(text: string, cuts: readonly number[], family = 'output_text', name = 'text'): AnswerRecord[] {
  const at = [0, ...[...new Set(cuts)].filter((cut) => cut < text.length).toSorted((a, b) => a - b), text.length]
  const deltas = at.slice(1).map((end, index) => text.slice(at[index], end))
  const place = { output_index: 0, content_index: 0 }
  return toRecords([
    ...deltas.map((delta) => ({ type: `response.${family}.delta`, ...place, delta })),
    { type: `response.${family}.done`, ...place, [name]: text },
  ])
}

describe('events that an event stream of AWS carries in base64', () => {
  const chunk = (text: string): AnswerRecord => {
    const event = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }
    const payload = { bytes: Buffer.from(JSON.stringify(event)).toString('base64'), p: 'abc' }
    const headers = { ':event-type': 'chunk', ':content-type': 'application/json', ':message-type': 'event' }
    const record = eventstream.carrier.carry(JSON.stringify(payload), { headers }, 5, { eol: '\n' })
    if (typeof record !== 'object') throw new Error(record)
    return record
  }

  test('are searched as what they are, however a secret is cut, and can be read afterwards', async () => {
    const text = `Your key is ${secret}, keep it.`
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(text.length), { maxLength: 10 }), async (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), text.length]
        const pieces = at.slice(1).map((end, index) => chunk(text.slice(at[index], end)))
        const records = await redactor.records(pieces, apiNamed('bedrock'))
        const texts = records.map(({ event }) => objectOf(event?.body.delta).text)
        expect(texts.join('')).toBe(`Your key is ${hidden}, keep it.`)
        // Length, checksums and base64 are those of what is said now.
        expect(records).toEqual(texts.map((each) => chunk(String(each))))
      }),
    )
  })
})

describe('events', () => {
  test('leaves clean records as the very list they are', async () => {
    const records = [
      ...part('nothing to hide here', [3, 9]),
      parseSseRecord(': keep-alive\n\n', 40),
      parseSseRecord('data: [DONE]\n\n', 50),
      { at: 60, wire: new Uint8Array([0xff]) },
    ]
    expect(await redacted(redactor, records)).toBe(records)
  })

  test('leaves clean records between others as the very objects they are', async () => {
    const records = toRecords([{ type: 'a' }, { type: 'b', text: secret }, { type: 'c' }])
    const [a, b, c] = await redacted(redactor, records)
    expect([a, c]).toEqual([records[0], records[2]])
    expect(a).toBe(records[0])
    expect(c).toBe(records[2])
    expect(b).toEqual(toRecords([{ type: 'a' }, { type: 'b', text: hidden }, { type: 'c' }])[1])
  })

  test('finds a secret however it is cut, and the deltas still add up to the done text', async () => {
    const text = `Your key is ${secret}, and ${SECRETS['aws-key']}.`
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(text.length), { maxLength: 40 }), async (cuts) => {
        const records = await redacted(redactor, part(text, cuts))
        const joined = deltasOf(records)
        expect(joined).toBe(`Your key is ${hidden}, and [redacted:aws-key].`)
        expect(bodiesOf(records).at(-1)?.text).toBe(joined)
        expect(records.map(({ at }) => at)).toEqual(part(text, cuts).map(({ at }) => at))
        expect(records.map(({ wire, at }) => parseSseRecord(String(wire), at))).toEqual(records)
      }),
    )
  })

  test('finds credentials in the arguments of a call, however they are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...placedFrom(4)),
        fc.array(fc.nat(900), { maxLength: 30 }),
        fc.constantFrom(0, 2),
        async ({ value, secret: planted }, cuts, space) => {
          const text = JSON.stringify(value, null, space)
          const records = await redacted(redactor, part(text, cuts, 'function_call_arguments', 'arguments'))
          const joined = deltasOf(records)
          expect(joined).not.toContain(planted)
          expect(joined).toMatch(/\[redacted:(?:credential|signature)\]/)
          expect(bodiesOf(records).at(-1)?.arguments).toBe(joined)
          expect(() => JSON.parse(joined)).not.toThrow()
          expect(await redacted(redactor, records)).toBe(records)
        },
      ),
    )
  })

  test('finds them in arguments that were cut off', async () => {
    const records = part('{"headers":{"authorization":"Bearer abcdefghij', [5, 20, 36, 40]).slice(0, -1)
    expect(deltasOf(await redacted(redactor, records))).toBe(
      '{"headers":{"authorization":"Bearer [redacted:credential]',
    )
  })

  test('takes nothing for a token in long base64', async () => {
    const records = part(`${'A+/9'.repeat(100)}/${SECRETS['aws-key']}/${'A+/9'.repeat(10)}`, [200, 410])
    expect(await redacted(redactor, records)).toBe(records)
  })

  test('leaves no piece of it in the log probabilities', async () => {
    const aws = SECRETS['aws-key']
    const cut = [aws.slice(0, 5), aws.slice(5)]
    const logprobs = cut.map((token) => ({ token, logprob: -0.5, bytes: [1, 2], top_logprobs: [] }))
    const place = { output_index: 0, content_index: 0 }
    const done = { type: 'response.output_text.done', ...place, text: aws, score: 1e-7, logprobs }
    const deltas = cut.map((delta, index) => ({
      type: 'response.output_text.delta',
      ...place,
      delta,
      logprobs: [logprobs[index]],
    }))
    const records = await redacted(redactor, toRecords([...deltas, done]))
    expect(bodiesOf(records).map((body) => body.logprobs)).toEqual([[], [], []])
    expect(wiresOf(records)).not.toContain(cut[1])
    // The same text without deltas.
    const [whole] = await redacted(redactor, toRecords([done]))
    expect(whole?.event?.body).toEqual({ ...done, text: '[redacted:aws-key]', logprobs: [] })
    // And tokens alone.
    expect((await redacted(redactor, toRecords([{ ...done, text: '' }])))[0]?.event?.body.logprobs).toEqual([])
    const clean = toRecords([{ ...done, text: 'clean', logprobs: logprobs.slice(1) }])
    expect(await redacted(redactor, clean)).toBe(clean)
  })

  test.each([
    ['gemini', 'logprobsResult', { chosenCandidates: [{ token: 'AKIA' }], topCandidates: [] }, null],
    ['any', 'top_tokens', [[{ text: 'AKIA' }, { text: 'the' }]], []],
    ['any', 'prompt_logprobs', [{ '1': { decoded_token: 'AKIA' } }], []],
  ])('leaves no piece of it in what other APIs call so: %s, %s', async (api, name, held, left) => {
    const records = toRecords([{ text: secret, [name]: held }])
    const [written] = await redactor.records(records, apiNamed(api))
    expect(written?.event?.body).toEqual({ text: hidden, [name]: left })
    const clean = toRecords([{ text: 'clean', [name]: held }])
    expect(await redactor.records(clean, apiNamed(api))).toBe(clean)
  })

  test('finds a secret in two parts, and leaves what follows a whole one', async () => {
    const [start, end] = [SECRETS['aws-key'].slice(0, 8), SECRETS['aws-key'].slice(8)]
    const inParts = (...deltas: string[]) =>
      toRecords(
        deltas.map((delta, index) => ({
          type: 'response.reasoning_summary_text.delta',
          output_index: 0,
          summary_index: index,
          delta,
        })),
      )
    const deltas = async (...texts: string[]) =>
      bodiesOf(await redacted(redactor, inParts(...texts))).map(({ delta }) => delta)
    expect(await deltas(`It is ${start}`, `${end}.`)).toEqual(['It is [redacted:aws-key]', '.'])
    expect(await deltas(secret, 'Hello')).toEqual([hidden, 'Hello'])
  })

  test('finds a secret in a delta that a later one of the same name hides', async () => {
    const text = `{"type":"response.output_text.delta","delta":"${secret}","delta":"x"}`
    const [record] = await redacted(redactor, [parseSseRecord(`data: ${text}\n\n`, 1)])
    expect(record?.wire).toBe(`data: ${text.replace(secret, hidden)}\n\n`)
  })

  test('tells in which records it found something', async () => {
    const records = part(`It is ${secret}.`, [12, 20])
    const told: [string, AnswerRecord][] = []
    await redacted(redactor, records, (...found) => told.push(found))
    expect(told).toEqual([
      ['openai-key', records[0]],
      ['openai-key', records[3]],
    ])
  })
})

describe('wires', async () => {
  test('keep what stands around the data', async () => {
    const wire = `: ping\r\nid: 7\r\nevent: a.b\r\ndata:{"type": "a.b","n":1.0,"t":"${secret}"} \r\nretry: 5\r\n\r\n`
    const [record] = await redacted(redactor, [parseSseRecord(wire, 1)])
    expect(record?.wire).toBe(wire.replace(secret, hidden))
    expect(record?.event).toMatchObject({ type: 'a.b', name: 'a.b', at: 1, body: { n: 1, t: hidden } })
  })

  test('lose secrets around the data, too', async () => {
    const wire = `: ${secret}\nevent: ${secret}\nid: ${secret}\ndata: {"x":1}\n\n`
    const [record] = await redacted(redactor, [parseSseRecord(wire, 1)])
    expect(record?.wire).toBe(`: ${hidden}\nevent: ${hidden}\nid: ${hidden}\ndata: {"x":1}\n\n`)
    expect(record?.event).toMatchObject({ type: hidden, name: hidden })
  })

  test('of data in several lines are written anew if they hold something', async () => {
    const wire = (text: string) => `event: a\ndata: {"type":"a",\ndata: "t":"${text}"}\n\n`
    const clean = [parseSseRecord(wire('x'), 1)]
    expect(await redacted(redactor, clean)).toBe(clean)
    const [record] = await redacted(redactor, [parseSseRecord(wire(secret), 1)])
    expect(record?.wire).toBe(encodeSseEvent(`{"type":"a","t":"${hidden}"}`, 'a', '\n'))
  })

  test('lose secrets in a string that was cut over lines', async () => {
    const [record] = await redacted(redactor, [
      parseSseRecord(`data: {"type":"a","t":"${secret.slice(0, 9)}\ndata: ${secret.slice(9)}"}\n\n`, 1),
    ])
    expect(record?.wire).toBe(`data: {"type":"a","t":"${hidden}"}\n\n`)
  })

  test('of comments, other data and cut records lose secrets', async () => {
    const records = [
      ...toRecords([{ type: 'a' }]),
      parseSseRecord(`: ${secret}\n\n`, 1),
      parseSseRecord(`data: ["${secret}",{"authorization":"abcdefgh"}]\n\n`, 2),
      { at: 3, wire: `data: {"type":"b","text":"${secret}` },
    ]
    expect((await redacted(redactor, records)).slice(1)).toEqual([
      { at: 1, wire: `: ${hidden}\n\n` },
      parseSseRecord(`data: ["${hidden}",{"authorization":"[redacted:credential]"}]\n\n`, 2),
      { at: 3, wire: `data: {"type":"b","text":"${hidden}` },
    ])
  })
})

describe('a body that was not cut into events', () => {
  const body = JSON.stringify({ a: 1, text: `It is ${secret}.`, headers: { authorization: 'Bearer abcdefgh' } })
  const inPieces = (text: string, cuts: readonly number[]): AnswerRecord[] => {
    const at = [0, ...cuts.toSorted((a, b) => a - b), text.length]
    return at.slice(1).map((end, index) => ({ at: index * 10, wire: text.slice(at[index], end) }))
  }

  test('is read as one text, however it arrived, and stays in as many pieces', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(body.length), { maxLength: 10 }), async (cuts) => {
        const records = inPieces(body, cuts)
        const told: string[] = []
        const written = await redacted(redactor, records, (kind) => told.push(kind))
        expect(wiresOf(written)).toBe(redactor.body(body))
        expect(written.map(({ at }) => at)).toEqual(records.map(({ at }) => at))
        expect(told).toEqual(['openai-key', 'credential'])
        expect(await redacted(redactor, written)).toBe(written)
      }),
    )
  })

  test.each<[string, AnswerRecord['wire']]>([
    ['text', 'a'],
    ['bytes', new Uint8Array([0x80])],
  ])('may come in very many pieces of %s', async (_kind, wire) => {
    const pieces = Array.from({ length: 150_000 }, (): AnswerRecord => ({ at: 0, wire }))
    expect(await redactor.records(pieces, apiNamed('any'))).toBe(pieces)
  })

  test('stays the very list if it is clean', async () => {
    const records = inPieces('{"a": [1.0, "nothing"]}', [3, 12])
    expect(await redacted(redactor, records)).toBe(records)
    const none: AnswerRecord[] = []
    expect(await redacted(redactor, none)).toBe(none)
  })

  test('keeps bytes, and is redacted around them', async () => {
    const bytes = { at: 5, wire: new Uint8Array([0xff, 0xfe]) }
    const records = [...inPieces(`<p>${secret}</p>`, [8]), bytes, ...inPieces('<p>clean</p>', [4])]
    const written = await redacted(redactor, records)
    expect(wiresOf(written.slice(0, 2))).toBe(`<p>${hidden}</p>`)
    expect(written.slice(2)).toEqual(records.slice(2))
    const binary = [bytes, bytes]
    expect(await redacted(redactor, binary)).toBe(binary)
  })
})

describe("a user's rules", () => {
  const own = createRedactor(
    {},
    parseRules(
      JSON.stringify({
        redact: [
          { pattern: '[\\w.]+@example\\.com', flags: 'i', placeholder: '["e-mail"]' },
          { path: '$.metadata.customer', placeholder: '[customer]' },
        ],
      }),
      'rules.json',
    ),
  )

  test('count in deltas, however they are cut, and the deltas still add up', async () => {
    const deltas = ['Write to a', 'da@exam', 'ple', '.com, or to ', 'bob@example.com']
    const records = await redacted(own, toRecords(compose('x').text(deltas).completed()))
    const joined = deltasOf(records)
    expect(joined).toBe('Write to ["e-mail"], or to ["e-mail"]')
    expect(bodiesOf(records).find(({ type }) => type === 'response.output_text.done')?.text).toBe(joined)
    expect(wiresOf(records)).not.toContain('@example')
  })

  test('count for members by their path, whatever they are, also if the response repeats the request', async () => {
    const event = (customer: unknown) => ({
      type: 'response.created',
      sequence_number: 0,
      metadata: { customer },
      response: { id: 'resp_1', metadata: { customer, other: 'x' } },
    })
    for (const customer of ['Ada', 7, null, { name: 'Ada' }, ['Ada']]) {
      const found: string[] = []
      const [record] = await redacted(own, toRecords([event(customer)]), (kind) => found.push(kind))
      expect(record).toEqual(toRecords([event('[customer]')])[0])
      expect(found).toEqual(['[customer]', '[customer]'])
    }
    const clean = toRecords([event('[customer]')])
    expect(await redacted(own, clean)).toBe(clean)
  })
})
