import { expect, test } from 'vitest'
import { encodeSseEvent, parseSseRecord } from '../../server/api/framing/sse.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { samplesFrom } from '../kit/secrets.ts'
import { redacted } from './kit.ts'

const redactor = createRedactor({ quoted: 'correct"horse\\battery9', marks: '""""""""""' })

/** At this length a search that takes quadratic time takes minutes. */
const CHARS = 1_000_000

const filled = (piece: string, chars: number) => piece.repeat(Math.ceil(chars / piece.length))

/** What secrets and their places are found by. */
const PIECES = [
  '://a:b',
  'https://ab:cdef',
  'https://',
  'https://x?key=',
  '?a=?key=',
  '&sig=abcd',
  '%26sig%3D',
  String.raw`\u0026`,
  '-----BEGIN ',
  'secret_access_key = ',
  'eyJaaaaaaaa.',
  '_authToken=',
  'a:x-oauth-basic',
  'ghs_1_a.a.',
  '(',
  ')',
  '{{',
  '\\',
  '"',
  '\\"',
  '{"',
  '[',
  '{"headers":',
  '{"name":"a","value":"b"},',
  '"authorization":"abcd",',
  String.raw`headers\\`,
  'correct"horse',
  ' ',
]

test.each(PIECES)('the search is linear in a text full of %j', (piece) => {
  redactor.text(filled(piece, CHARS))
  redactor.text(`{"headers":{"authorization":"https://x.example/?key=${filled(piece, CHARS / 2)}`)
  const text = filled(piece, CHARS / 10)
  redactor.json(
    JSON.stringify({
      authorization: text,
      [text]: [`https://x.example/?key=${text}`],
      headers: [{ value: text, name: piece }],
    }),
  )
})

test('the search is linear in a text full of beginnings of secrets', async () => {
  for (const { text } of samplesFrom(1)) {
    for (const cut of [3, 4, 8, 12, 20]) redactor.text(filled(text.slice(0, cut), CHARS / 10))
  }
})

test('many secrets in many records take no longer than their number', async () => {
  const records = Array.from({ length: 50_000 }, (_, at) =>
    parseSseRecord(
      encodeSseEvent(JSON.stringify({ type: 'response.output_text.delta', delta: 'IA0123456789ABCDEF AK' }), 'x', '\n'),
      at,
    ),
  )
  const kinds: string[] = []
  await redacted(redactor, records, (kind) => kinds.push(kind))
  expect(kinds).toHaveLength(records.length - 1)
})

test('texts within texts are read to the innermost', async () => {
  let text = '{"headers":{"authorization":"abcdefgh"}}'
  while (text.length < CHARS) text = JSON.stringify({ a: text })
  expect(redactor.json(text)).toContain('[redacted:credential]')
  expect(redactor.json(text)).not.toContain('abcdefgh')
  const deep = '['.repeat(CHARS) + ']'.repeat(CHARS)
  expect(redactor.text(deep)).toBe(deep)
})
