import { expect, test } from 'vitest'
import { createRedactor } from '../../server/redact/redactor.ts'
import { NO_SECRETS, withSecrets } from '../../server/redact/secrets.ts'
import { deltasOf, redacted, toRecords, wiresOf } from './kit.ts'

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

test('a secret whose rest is missing at the end of a text counts, from half of it on', async () => {
  const secret = 'gw7f3a9c1e5b2d8046aa55'
  const redactor = createRedactor({ 'api-key': secret })
  for (const length of [12, 15, 21]) {
    expect(redactor.text(`It is ${secret.slice(0, length)}`)).toBe('It is [redacted:api-key]')
    expect(redactor.json(`{"a":"${secret.slice(0, length)}"}`)).toBe('{"a":"[redacted:api-key]"}')
  }
  for (const text of [secret.slice(0, 11), `${secret.slice(0, 15)} is a part`]) expect(redactor.text(text)).toBe(text)

  const events = ['It is ', secret.slice(0, 9), secret.slice(9, 17)].map((delta) => ({ type: 'a.delta', delta }))
  const records = await redacted(redactor, toRecords(events))
  expect(deltasOf(records)).toBe('It is [redacted:api-key]')
  const cut = { at: 1, wire: `data: {"type":"a.delta","delta":"${secret.slice(0, 17)}` }
  expect(wiresOf(await redacted(redactor, [...toRecords(events.slice(0, 1)), cut]))).not.toContain(secret.slice(0, 12))
})
