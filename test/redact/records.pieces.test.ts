/** Pieces of a text that are no events: plain data, strings of JSON, and an event that was cut off. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseSseRecord } from '../../server/api/framing/sse.ts'
import { apiNamed } from '../../server/api/index.ts'
import { any } from '../../server/api/any.ts'
import type { AnswerRecord } from '../../server/api/record.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { harmIn } from '../../server/redact/shape.ts'
import { tellingPieces } from './disguises.ts'
import { wiresOf } from './kit.ts'
import { SECRETS } from './samples.ts'

const redactor = createRedactor()
const secret = SECRETS['openai-key']
const CALL = { method: 'POST', path: '/x' }

const dataOf = (data: string): AnswerRecord => parseSseRecord(`data: ${data}\n\n`, 5)

/** A text cut in pieces, none of them empty. */
function cutAt(text: string, cuts: readonly number[]): string[] {
  const at = [0, ...new Set(cuts.filter((cut) => cut > 0 && cut < text.length).toSorted((a, b) => a - b)), text.length]
  return at.slice(1).map((end, index) => text.slice(at[index], end))
}

const WAYS: Readonly<Record<string, (piece: string) => string>> = {
  'plain text': (piece) => piece,
  'strings of JSON': (piece) => JSON.stringify(piece),
}

describe.each(Object.entries(WAYS))('data that is %s', (_what, say) => {
  const text = `→ ${secret} ←`

  test('is read as one text, and no record loses its data', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(text.length), { minLength: 1, maxLength: 12 }), async (cuts) => {
        const came = [...cutAt(text, cuts).map((piece) => dataOf(say(piece))), dataOf('[DONE]')]
        const written = await redactor.records(came, any)
        expect(wiresOf(written)).toContain('[redacted:openai-key]')
        const left = wiresOf(written).replaceAll(/\[redacted:openai-key\]|data:|\[DONE\]/g, '')
        expect(left).not.toMatch(/[A-Za-z0-9]/)
        expect(harmIn(came, written, any, CALL)).toBeUndefined()
        expect(await redactor.records(written, any)).toBe(written)
      }),
    )
  })

  test('is the very same if it holds no secret', async () => {
    const came = ['sk', '-', 'pro', ' "a" ', '\\n', 'key'].map((piece) => dataOf(say(piece)))
    expect(await redactor.records(came, any)).toBe(came)
  })
})

test.each([
  [
    'responses',
    (text: string) => ({ type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: text }),
  ],
  ['chat-completions', (content: string) => ({ choices: [{ index: 0, delta: { content } }] })],
  ['any', (text: string) => ({ type: 'piece', id: 'a', part: { text } })],
])('a key that goes on in an event that was cut off: %s', async (api, say) => {
  for (let cut = 1; cut < secret.length; cut++) {
    const last = `data: ${JSON.stringify(say(secret.slice(cut)))}`
    const cutOff = parseSseRecord(last.slice(0, last.indexOf(secret.slice(cut)) + secret.length - cut), 9)
    const came = [dataOf(JSON.stringify(say('It is '))), dataOf(JSON.stringify(say(secret.slice(0, cut)))), cutOff]
    const wire = wiresOf(await redactor.records(came, apiNamed(api)))
    expect(wire, String(cut)).toContain('[redacted:openai-key]')
    // What follows a whole key may be none of it, if it looks like a word.
    const rest = /\d/.test(secret.slice(cut)) ? [secret.slice(cut)] : []
    for (const piece of [...tellingPieces(secret), ...rest]) expect(wire, String(cut)).not.toContain(piece)
  }
})

test('a key that begins in one event and ends in the next one, each a part of its own', async () => {
  for (let cut = 1; cut < secret.length - 2; cut++) {
    const pieces = ['It is ', secret.slice(0, cut), secret.slice(cut), '.']
    const came = pieces.map((text, index) => dataOf(JSON.stringify({ type: 'piece', index, text })))
    const written = await redactor.records(came, any)
    expect(written.map(({ event }) => event?.body.text)).toEqual(['It is ', '[redacted:openai-key]', '', '.'])
  }
})
