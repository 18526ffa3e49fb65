import { expect, test } from 'vitest'
import { createRedactor } from '../../server/redact/redactor.ts'
import { shows } from './disguises.ts'
import { SECRETS } from './samples.ts'

const redactor = createRedactor()

/** Base64 as `base64`, mails and PEM have it: in lines of this width. */
const wrapped = (text: string, width: number, by = '\n'): string =>
  (
    Buffer.from(text)
      .toString('base64')
      .match(new RegExp(`.{1,${width}}`, 'g')) ?? []
  ).join(by)

test.each([64, 76])('a secret is found wherever base64 was wrapped: %i characters a line', (width) => {
  for (let before = 0; before < 60; before++) {
    const text = `${'x'.repeat(before)} KEY=${SECRETS['openai-key']} ${'y'.repeat(40)}`
    for (const by of ['\n', '\r\n', '\n    ']) {
      const written = redactor.text(`It is\n${wrapped(text, width, by)}\n`)
      expect(written).toContain('[redacted:openai-key]')
      expect(shows(written, SECRETS['openai-key'])).toBe(false)
    }
    const json = redactor.json(JSON.stringify({ a: JSON.stringify({ data: wrapped(text, width) }) }))
    expect(json).toContain('[redacted:openai-key]')
  }
})

test('base64 in lines that holds no secret stays', () => {
  const text = wrapped('The quick brown fox jumps over the lazy dog. '.repeat(20), 76)
  expect(redactor.text(text)).toBe(text)
  expect(redactor.json(JSON.stringify({ text }))).toBe(JSON.stringify({ text }))
})
