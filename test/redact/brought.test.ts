/** What a client brings to be let in is a secret wherever it stands, and the word for its scheme is none. */
import { expect, test } from 'vitest'
import { createRedactor } from '../../server/redact/redactor.ts'

const KEY = 'made-up-of-plain-words'

const HEADERS: readonly (readonly [string, string])[] = [
  ['authorization', `Bearer ${KEY}`],
  ['Authorization', `Made-Up-Key ${KEY}`],
  ['authorization', `Madeup  ${KEY} `],
  ['proxy-authorization', `Madeup ${KEY}`],
  ['authorization', KEY],
  ['x-api-key', KEY],
]

test.each(HEADERS)('%s: %s', (name, value) => {
  const redactor = createRedactor({}).for({ headers: [[name, value]], query: '', credential: undefined })
  expect(redactor.text(`Is ${KEY} your key?`)).toBe('Is [redacted:api-key] your key?')
  expect(redactor.text('Is Made-Up-Key a scheme?')).toBe('Is Made-Up-Key a scheme?')
})

test('a credential whose scheme only its API knows is the key behind it', () => {
  const redactor = createRedactor({}).for({ headers: [], query: '', credential: `Madeup ${KEY}` })
  expect(redactor.text(`Is ${KEY} your key?`)).toBe('Is [redacted:api-key] your key?')
})

test.each([`Madeup any`, 'Madeup ${KEY}', 'sid=abcd; note=the evening'])(
  '"%s" makes no secret of what is not one',
  (value) => {
    const redactor = createRedactor({}).for({ headers: [['authorization', value]], query: '', credential: undefined })
    expect(redactor.text('any ${KEY} the evening')).toBe('any ${KEY} the evening')
  },
)
