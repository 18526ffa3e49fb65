import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRedactor } from '../../server/redact/redactor.ts'
import { findSecrets } from '../../server/redact/secretlint.ts'
import { samplesFrom } from '../kit/secrets.ts'

const redactor = createRedactor()

describe('secretlint and the redactor', () => {
  const samples = [1, 2, 3].flatMap(samplesFrom)

  test.each(samplesFrom(1).map((sample, index) => [`${sample.kind} ${index}`, sample] as const))(
    'agree on a %s, in any surroundings',
    async (_name, { kind, rule, secret, text }) => {
      for (const [before, after] of [
        ['', ''],
        ['Use ', ' for it.'],
        ['("', '")'],
        ['7_', '-'],
        ['KEY=', '\n'],
        ['{"a":"', '\\n"}'],
      ] as const) {
        const whole = `${before}${text}${after}`
        const found = await findSecrets([whole])
        const redacted = redactor.text(whole)
        // Some begin only where a word does.
        if (before !== '7_') {
          if (rule !== undefined) expect(found[0]?.map((each) => each.kind)).toContain(rule)
          expect(redacted).not.toContain(secret)
          expect(redacted).toContain(`[redacted:${kind}]`)
        }
        expect(await findSecrets([redacted])).toEqual([[]])
        expect(redactor.text(redacted)).toBe(redacted)
      }
    },
  )

  test('agree however several stand together', async () => {
    const some = fc.shuffledSubarray(samples, { minLength: 1, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(some, fc.constantFrom(' ', '\n', ', ', '"', '/', ':', '='), async (chosen, between) => {
        const redacted = redactor.text(chosen.map(({ text }) => text).join(between))
        for (const { secret } of chosen) expect(redacted).not.toContain(secret)
        expect(await findSecrets([redacted])).toEqual([[]])
      }),
      { numRuns: 200 },
    )
  })

  test('a variable behind a slash is one of its own', () => {
    const variables = samples.filter(({ text }) => /^[A-Z_]+=/.test(text))
    expect(variables.length).toBeGreaterThan(1)
    for (const one of variables) {
      for (const other of variables) {
        const redacted = redactor.text(`${one.text}/${other.text}`)
        for (const { secret } of [one, other]) expect(redacted).not.toContain(secret)
      }
    }
  })

  test('another value leaves the same text', () => {
    const [one, two] = [samplesFrom(1), samplesFrom(2)]
    expect(one.map(({ text }) => redactor.text(text))).toEqual(two.map(({ text }) => redactor.text(text)))
  })

  test('a secret is found by the name of its member, too', () => {
    const [secret = ''] = samples.filter(({ kind }) => kind === 'aws-secret').map((sample) => sample.secret)
    const body = JSON.stringify({ aws_secret_access_key: secret, note: secret })
    expect(redactor.json(body)).toBe(JSON.stringify({ aws_secret_access_key: '[redacted:aws-secret]', note: secret }))
  })

  test('a private key that was cut off is hidden as far as it goes', () => {
    const [key = ''] = samples.filter(({ kind }) => kind === 'private-key').map(({ secret }) => secret)
    expect(redactor.text(`Here: ${key.slice(0, 150)}`)).toBe('Here: [redacted:private-key]')
  })

  test('leave examples and ordinary addresses', async () => {
    for (const text of [
      'postgres://user:password@localhost:5432/db',
      'mongodb://${USER}:${PASSWORD}@db.example.com',
      'postgres://localhost:5432/db?user=a',
      'https://example.com:8443/a@b?c=d:e@f',
      'https://username:password@example.com/',
      'mailto:someone@example.com',
      'npm_config_registry and npm_lifecycle_event',
      'set AWS_SECRET_ACCESS_KEY=$SECRET',
      'the secret access key: see below',
      '_authToken=${NPM_TOKEN}',
      'SG.1.2 and ops_eyes and hf_hub_download and dapi and gsk_live',
    ]) {
      expect(redactor.text(text)).toBe(text)
      expect(await findSecrets([text])).toEqual([[]])
    }
  })
})
