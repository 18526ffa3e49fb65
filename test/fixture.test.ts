import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatFixture, isGood, parseFixture, parseHeader, type Fixture } from '../server/fixture.ts'
import { identify } from '../server/identity.ts'
import type { JsonObject } from '../server/json.ts'
import type { Ending } from '../server/model/model.ts'
import { createRedactor } from '../server/redact.ts'
import { compose } from './answers.ts'
import { toEvents } from './tools.ts'

const redactor = createRedactor()
const identityOf = (body: JsonObject, previousKey?: string) => identify(body, redactor, previousKey)

const REQUEST = { model: 'gpt-4.1-mini', input: 'Say hi' }

async function fixtureWith(
  ending: Ending,
  events = toEvents(compose('fx').text(['Hi']).completed()),
): Promise<Fixture> {
  return {
    ...identityOf(REQUEST),
    responseId: 'resp_fx',
    recorded: { at: '2026-11-24T10:00:00.000Z', upstream: 'api.openai.com', openai: '7.57.0' },
    events,
    ending,
    endedAt: 980,
  }
}

describe('formatFixture and parseFixture', () => {
  const ENDINGS: Ending[] = [
    { end: 'complete' },
    { end: 'refused', status: 429, headers: { 'retry-after': '20' }, body: '{"error":{"message":"Slow down"}}' },
    { end: 'refused', status: 500, headers: {}, body: '{\n  "error": "spaced"\n}' },
    { end: 'refused', status: 503, headers: {}, body: '"a text in JSON"' },
    { end: 'refused', status: 503, headers: {}, body: '<p>Bad gateway</p>' },
    { end: 'unreachable', why: 'ECONNREFUSED' },
    { end: 'truncated' },
    { end: 'reset', why: 'ECONNRESET' },
    { end: 'stalled', why: 'nothing came' },
    { end: 'malformed', text: 'data {' },
  ]

  test.each(ENDINGS)('an answer that ended as %j comes back as it was', async (ending) => {
    const fixture = await fixtureWith(ending)
    expect(parseFixture(formatFixture(fixture), 'x.jsonl')).toEqual(fixture)
  })

  test('the file reads as the README says', async () => {
    const lines = formatFixture(await fixtureWith({ end: 'complete' })).split('\n')
    expect(lines[0]).toMatch(
      /^\{"deltatape":1,"key":"[0-9a-f]{64}","request":\{"model":"gpt-4.1-mini","input":"Say hi"\},"response_id":"resp_fx","recorded":\{"at":"2026-11-24T10:00:00.000Z","upstream":"api.openai.com","openai":"7.57.0"\}\}$/,
    )
    expect(lines[1]).toMatch(/^\{"at":0,"event":\{"type":"response.created",/)
    expect(lines.slice(-2)).toEqual(['{"at":980,"end":"complete"}', ''])
  })

  test('events keep their very text', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue())),
        fc.double({ min: 0, max: 1e9, noNaN: true }),
        async (bodies, at) => {
          const spaced = bodies.map((body) =>
            JSON.stringify({ ...body, type: 'response.completed' }, null, 1).replaceAll('\n', ' '),
          )
          const events = spaced.map((text) => ({ at, type: 'response.completed', text, body: JSON.parse(text) }))
          const fixture = await fixtureWith(events.length > 0 ? { end: 'complete' } : { end: 'truncated' }, events)
          expect(parseFixture(formatFixture(fixture), 'x.jsonl').events.map(({ text }) => text)).toEqual(spaced)
        },
      ),
    )
  })

  test('white space around an event, and numbers that JSON has another form for, stay', async () => {
    const texts = [' {"type":"a","n":1.0 }  ', '{"type":"response.completed","big":12345678901234567890}']
    const events = texts.map((text) => ({ at: 1, type: String(JSON.parse(text).type), text, body: JSON.parse(text) }))
    const formatted = formatFixture(await fixtureWith({ end: 'complete' }, events))
    expect(parseFixture(formatted, 'x.jsonl').events.map(({ text }) => text)).toEqual(texts)
    const turned = formatted.replaceAll(/\{"at":(\d+),"event":(.*)\}/g, '{"event": $2, "at": $1}')
    expect(parseFixture(turned, 'x.jsonl').events.map(({ text }) => text)).toEqual(texts.map((text) => text.trim()))
  })

  test('the name of an event that has no type of its own is kept', async () => {
    const event = { at: 1, type: 'error', name: 'error', text: '{"message":"Oh"}', body: { message: 'Oh' } }
    const text = formatFixture(await fixtureWith({ end: 'complete' }, [event]))
    expect(text).toContain('{"at":1,"name":"error","event":{"message":"Oh"}}')
    expect(parseFixture(text, 'x.jsonl').events).toEqual([event])
  })

  test('a fixture edited by hand or by git still reads', async () => {
    const fixture = await fixtureWith({ end: 'complete' })
    const crlf = formatFixture(fixture).replaceAll('\n', '\r\n')
    expect(parseFixture(crlf, 'x.jsonl')).toEqual(fixture)
    const turned = formatFixture(fixture).replaceAll(/\{"at":(\d+),"event":(\{.*\})\}/g, '{ "event": $2, "at": $1 }')
    expect(parseFixture(turned, 'x.jsonl')).toEqual(fixture)
    const readable = formatFixture(
      await fixtureWith({ end: 'refused', status: 400, headers: {}, body: '{"error":{}}' }),
    )
    expect(readable).toContain('"body":{"error":{}}}')
  })

  test.each([
    ['', 1, 'no JSON'],
    ['cut off in the header', 1, 'no JSON', (text: string) => text.slice(0, 100)],
    ['cut off in an event', 3, 'no JSON', (text: string) => text.split('\n').slice(0, 3).join('\n').slice(0, -20)],
    ['cut off between lines', 4, 'cut off', (text: string) => text.split('\n').slice(0, 4).join('\n')],
    ['cut off before the last line', 10, 'cut off', (text: string) => text.split('\n').slice(0, -2).join('\n') + '\n'],
    ['another format', 1, 'version', (text: string) => text.replace('"deltatape":1', '"deltatape":2')],
    ['another request', 1, 'does not belong', (text: string) => text.replace('Say hi', 'Say ho')],
    ['an unknown end', 11, 'end', (text: string) => text.replace('"end":"complete"', '"end":"fine"')],
    ['a time that is none', 2, 'at', (text: string) => text.replace('{"at":0', '{"at":"0"')],
    ['an event that is none', 2, 'event', (text: string) => text.replace(/("at":0,"event":)\{.*\}\}/, '$1[]}')],
    ['something after the end', 12, 'after', (text: string) => `${text}{"at":981,"event":{"type":"x"}}\n`],
    ['no terminal event', 10, 'terminal', (text: string) => text.replace(/.*response\.completed.*\n/, '')],
  ])('%s is named with its line', async (_what, line, why, damage = (_text: string) => '') => {
    const text = damage(formatFixture(await fixtureWith({ end: 'complete' })))
    expect(() => parseFixture(text, 'say-hi.jsonl')).toThrow(
      expect.objectContaining({
        code: 'fixture_invalid',
        message: expect.stringMatching(new RegExp(`^say-hi\\.jsonl:${line}: .*${why}`)),
      }),
    )
  })
})

test('the key of a conversation can be computed again from the header alone', async () => {
  const identity = identityOf({ ...REQUEST, previous_response_id: 'resp_1' }, 'b'.repeat(64))
  const fixture = { ...(await fixtureWith({ end: 'complete' })), ...identity }
  const [header = ''] = formatFixture(fixture).split('\n')
  expect(parseHeader(header, 'x.jsonl')).toMatchObject(identity)
})

test('a good fixture is one whose model finished', async () => {
  expect(isGood(await fixtureWith({ end: 'complete' }))).toBe(true)
  expect(
    isGood(await fixtureWith({ end: 'complete' }, toEvents(compose('x').text(['a']).incomplete('max_output_tokens')))),
  ).toBe(true)
  expect(isGood(await fixtureWith({ end: 'complete' }, toEvents(compose('x').failed('server_error', 'x'))))).toBe(false)
  expect(isGood(await fixtureWith({ end: 'unreachable' }, []))).toBe(false)
  const late = [{ type: 'error' }, { type: 'response.completed', response: {} }]
  expect(isGood(await fixtureWith({ end: 'complete' }, toEvents(late)))).toBe(false)
})
