import { expect, test } from 'vitest'
import { KNOWN } from '../../server/redact/kinds.ts'
import { samplesFrom } from '../kit/secrets.ts'

const samples = [1, 2, 3].flatMap((seed) => samplesFrom(seed))

test.each(samples.map((sample, index) => [`${sample.kind} ${index}`, sample] as const))(
  '%s is found, and its hints stand in every match: else the search would be spared',
  (_name, { kind, secret, text }) => {
    const found = KNOWN.flatMap((rule) => rule.find(text).map((match) => ({ ...match, rule })))
    expect(found.some((match) => match.kind === kind && text.slice(match.start, match.end).includes(secret))).toBe(true)
    for (const { rule } of found) expect(rule.hints.some((hint) => text.includes(hint))).toBe(true)
  },
)

test('the secret of AWS is found in XML, too', () => {
  const key = 'wJalrXUtnFEMI/K7MDENG/'.concat('bPxRfiCYEXAMPLEKEY')
  const text = `<SecretAccessKey>${key}</SecretAccessKey>`
  const found = KNOWN.flatMap((rule) => rule.find(text))
  expect(found.map(({ kind, start, end }) => [kind, text.slice(start, end)])).toEqual([['aws-secret', key]])
})
