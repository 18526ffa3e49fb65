import { expect, test } from 'vitest'
import { createRedactor } from '../../server/redact/redactor.ts'
import { NO_SECRETS, withSecrets } from '../../server/redact/secrets.ts'

test('a short secret counts if it stands alone and is no word', () => {
  const short = createRedactor({ 'api-key': 'sk-1' }).text
  expect(short('(sk-1) is not sk-10 nor task-1')).toBe('([redacted:api-key]) is not sk-10 nor task-1')
  for (const word of ['test', 'a-b', '']) {
    expect(createRedactor({ 'api-key': word }).text(`a ${word} a-b`)).toBe(`a ${word} a-b`)
  }
})

test('a secret that is not set is none', () => {
  expect(withSecrets(NO_SECRETS, { a: undefined, b: '' })).toBe(NO_SECRETS)
})

test('the hint of a secret stands in its JSON text, however often that was put into another', () => {
  for (const secret of [
    'pla1n-secret',
    'correct"horse"battery9',
    'C:\\dir\\s3cret',
    'é-and-\n-m0re',
    '""""""""""',
    'a/b/c/d/e/9',
  ]) {
    const [rule] = withSecrets(NO_SECRETS, { mine: secret }).anywhere
    const [hint = ''] = rule?.hints ?? []
    const escaped = JSON.stringify(secret)
    for (const text of [secret, escaped, JSON.stringify(escaped), escaped.replaceAll('/', String.raw`\/`)]) {
      expect(text).toContain(hint)
    }
    expect(rule?.find(`x${secret}x`)).toEqual([expect.objectContaining({ start: 1, end: 1 + secret.length })])
  }
})
