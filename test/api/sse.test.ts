import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createEventReader } from '../../server/api/sse.ts'
import { compose, words } from '../kit/answers.ts'
import { sse } from '../kit/standin.ts'

const EVENTS = compose('sse').text(words('naïve 👋🏽 façade — こんにちは\n')).completed()

/** Feeds bytes in pieces and gives all that came of them. */
function readAll(bytes: Uint8Array, cuts: readonly number[] = []) {
  const reader = createEventReader()
  const edges = [0, ...cuts.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b), bytes.length]
  const texts: string[] = []
  let malformed: string | undefined
  for (let index = 1; index < edges.length; index++) {
    const piece = reader.read(bytes.subarray(edges[index - 1], edges[index]), index)
    texts.push(...piece.events.map(({ text }) => text))
    malformed ??= piece.malformed
  }
  const end = reader.end(edges.length)
  texts.push(...end.events.map(({ text }) => text))
  return { texts, malformed, done: reader.done, foreign: reader.foreign() }
}

const bytes = (text: string) => new TextEncoder().encode(text)

describe('createEventReader', () => {
  test('gives the same events however the bytes are cut, ended, commented and wrapped', () => {
    const arbitraryStyle = fc.record({
      end: fc.constantFrom('\n', '\r\n', '\r'),
      comment: fc.boolean(),
      bom: fc.boolean(),
      named: fc.boolean(),
      space: fc.boolean(),
      wrapped: fc.boolean(),
      blankEnd: fc.boolean(),
    })
    fc.assert(
      fc.property(arbitraryStyle, fc.array(fc.nat(20_000), { maxLength: 30 }), (style, cuts) => {
        const records = EVENTS.map((event) => {
          const text = JSON.stringify(event)
          // Between two members a JSON text may be broken.
          const data = style.wrapped ? text.replace(',"', '\n,"').split('\n') : [text]
          const lines = [
            ...(style.comment ? [': keep-alive', ':'] : []),
            ...(style.named ? [`event: ${String(event.type)}`] : []),
            ...data.map((line) => `data:${style.space ? ' ' : ''}${line}`),
          ]
          return lines.join(style.end)
        })
        const text = records.join(style.end.repeat(2)) + (style.blankEnd ? style.end.repeat(2) : '')
        const { texts, malformed, foreign } = readAll(bytes((style.bom ? '\ufeff' : '') + text), cuts)
        expect(texts).toEqual(EVENTS.map((event) => JSON.stringify(event)))
        expect([malformed, foreign]).toEqual([undefined, undefined])
      }),
    )
  })

  test('keeps the JSON text as it was sent', () => {
    const text = '{ "type":"x" , "n":1.0, "u":"\\u00e9\u2028", "big":12345678901234567890 }'
    expect(readAll(bytes(`data: ${text}\n\n`)).texts).toEqual([text])
  })

  test('takes the name of an event whose data has no type, and passes over one without data', () => {
    const reader = createEventReader()
    const { events, malformed } = reader.read(
      bytes('event: ping\ndata:\n\nevent: error\ndata: {"message":"Oh"}\n\ndata: {"a":1}\n\n'),
      0,
    )
    expect(malformed).toBeUndefined()
    expect(events.map(({ type, name }) => [type, name])).toEqual([
      ['error', 'error'],
      ['', undefined],
    ])
  })

  test('stops at what is no JSON object, and keeps what came before', () => {
    const read = readAll(bytes(`${sse({ type: 'a' })}data: [1]\n\n${sse({ type: 'b' })}`))
    expect(read).toMatchObject({ texts: ['{"type":"a"}'], malformed: '[1]' })
  })

  test('leaves out a record that was cut off at the end', () => {
    expect(readAll(bytes(`${sse({ type: 'a' })}data: {"type":"b`))).toMatchObject({
      texts: ['{"type":"a"}'],
      malformed: undefined,
    })
  })

  test('takes [DONE] for the end, not for an event', () => {
    expect(readAll(bytes(`${sse({ type: 'a' })}data: [DONE]\n\n`))).toMatchObject({
      texts: ['{"type":"a"}'],
      done: true,
    })
  })

  test.each([
    ['<!doctype html><p>Bad gateway</p>', true],
    ['{"id":"resp_1","object":"response"}', true],
    ['upstream connect error', true],
    ['', false],
    [': ping\n\n: ping\n\n', false],
    ['event: ping\ndata\n', false],
    ['even', false],
    ['event: response.created\r\nd', false],
    ['even\n', true],
  ])('%j is a foreign body: %s', (body, foreign) => {
    expect(readAll(bytes(body)).foreign).toBe(foreign ? body : undefined)
  })
})
