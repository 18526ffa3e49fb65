import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRedactor } from '../../server/redact/redactor.ts'
import { findSecrets } from '../../server/redact/secretlint.ts'
import { samplesFrom } from '../kit/secrets.ts'
import { toEvents } from '../kit/tools.ts'

/** Made up, and put together here, so that no scanner takes them for real ones. */
const SECRETS = {
  'openai-key': `sk-${'proj'}-Ab3dEf6hIj9kLm2nOp5qRs8t`,
  'anthropic-key': `sk-${'ant'}-api03-Ab3dEf6hIj9kLm2nOp5q`,
  'github-token': `ghp_${'a1B2c3D4e5F6g7H8i9J0'.repeat(2)}`.slice(0, 40),
  'gitlab-token': `glpat-${'Ab3dEf6hIj9kLm2nOp5q'}`,
  'aws-key': `AKIA${'IOSFODNN7EXAMPLE'}`,
  'google-key': `AIza${'SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q'}`.slice(0, 39),
  'slack-token': `xoxb-${'123456789012-abcdefGHIJ'}`,
  'stripe-key': `sk_live_${'4eC39HqLyjWDarjtT1zdp7dc'}`,
  'npm-token': `npm_${'a1B2c3D4e5F6g7H8i9J0a1B2c3D4e5F6g7H8'}`,
  'huggingface-token': `hf_${'AbCdEfGhIjKlMnOpQrStUvWxYz012345'}`,
  jwt: `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.${'dozjgNryP4J3jVmNHl0w5N'}`,
  'private-key': `-----BEGIN RSA ${'PRIVATE'} KEY-----\nMIIEow\n-----END RSA ${'PRIVATE'} KEY-----`,
}

const redactor = createRedactor({ 'api-key': 'the-configured-key' })

describe('text', () => {
  test.each(Object.entries(SECRETS))('hides a whole %s, and that alone', (kind, secret) => {
    expect(redactor.text(`before ${secret}, after`)).toBe(`before [redacted:${kind}], after`)
    expect(redactor.text(`(${secret})"${secret}"`)).toBe(`([redacted:${kind}])"[redacted:${kind}]"`)
  })

  test('hides the configured key wherever it stands', () => {
    expect(redactor.text('Incorrect API key: xthe-configured-key9.')).toBe('Incorrect API key: x[redacted:api-key]9.')
  })

  test('calls a key of a known kind by it, whether it is configured or not', () => {
    const key = SECRETS['openai-key']
    expect(createRedactor({ 'api-key': key }).text(`my ${key}`)).toBe(redactor.text(`my ${key}`))
  })

  test('leaves ordinary words, and what only looks like the start of a token', () => {
    for (const text of [
      'sk-learn and sk-estimators-for-everything-you-need',
      'the ghp_ prefix',
      'AKIA is how they begin',
      'task-1234567890abcdefghij1234567890',
      'eyJ.eyJ.x',
      'a-configured-key',
    ]) {
      expect(redactor.text(text)).toBe(text)
    }
  })

  test('takes a short secret for one where it stands alone and is no word', () => {
    const short = createRedactor({ 'api-key': 'sk-1' }).text
    expect(short('(sk-1) is not sk-10 nor task-1')).toBe('([redacted:api-key]) is not sk-10 nor task-1')
    for (const word of ['test', 'a-b', ''])
      expect(createRedactor({ 'api-key': word }).text(`a ${word} a-b`)).toBe(`a ${word} a-b`)
  })

  test('is quick, whatever is sent', () => {
    const many = `-----BEGIN ${'PRIVATE'} KEY-----`.repeat(40_000)
    expect(redactor.text(many)).toBe(many)
    expect(redactor.text('sk-'.repeat(400_000))).toHaveLength(1_200_000)
  })

  test('says the same again', () => {
    const once = redactor.text(Object.values(SECRETS).join(' '))
    expect(redactor.text(once)).toBe(once)
  })
})

describe('json', () => {
  test('hides secrets in values and in names, also where they are escaped', () => {
    const secret = SECRETS['openai-key']
    const escaped = secret.replace('-', String.raw`\u002d`)
    expect(redactor.json(`{"a": ["${secret}"], "${secret}": "x\\n${escaped}"}`)).toBe(
      String.raw`{"a": ["[redacted:openai-key]"], "[redacted:openai-key]": "x\n[redacted:openai-key]"}`,
    )
  })

  test('leaves opaque members alone', () => {
    const opaque = JSON.stringify({
      id: SECRETS['aws-key'],
      item_id: SECRETS['openai-key'],
      encrypted_content: SECRETS['github-token'],
      partial_image_b64: SECRETS['aws-key'],
      image_url: `data:image/png;base64,${'A+/9'.repeat(100)}/${SECRETS['aws-key']}/${'A+/9'.repeat(10)}==`,
    })
    expect(redactor.json(opaque)).toBe(opaque)
  })
})

test('the configured key counts in opaque members, too', () => {
  const key = 'the-configured-key'
  for (const text of [
    { id: key },
    { signature: `x${key}` },
    { image: `${'A'.repeat(300)}${key}` },
    { a: 1, previous_response_id: key },
  ]) {
    expect(redactor.json(JSON.stringify(text))).toContain('[redacted:api-key]')
  }
})

describe('body', () => {
  test('hides secrets in JSON and in anything else', () => {
    expect(redactor.body(`{"error":"${SECRETS['aws-key']}"}`)).toBe('{"error":"[redacted:aws-key]"}')
    expect(redactor.body(`<p>${SECRETS['aws-key']}`)).toBe('<p>[redacted:aws-key]')
  })
})

describe('events', () => {
  const part = (text: string, cuts: readonly number[]) => {
    const at = [0, ...[...new Set(cuts)].filter((cut) => cut < text.length).toSorted((a, b) => a - b), text.length]
    const deltas = at.slice(1).map((end, index) => text.slice(at[index], end))
    const place = { output_index: 0, content_index: 0 }
    return toEvents([
      ...deltas.map((delta) => ({ type: 'response.output_text.delta', ...place, delta })),
      { type: 'response.output_text.done', ...place, text },
    ])
  }

  test('leaves clean events as the very objects they are', () => {
    const events = part('nothing to hide here', [3, 9])
    expect(redactor.events(events)).toEqual(events)
    expect(redactor.events(events)[0]).toBe(events[0])
  })

  test('finds a secret however it is cut, and the deltas still add up to the done text', () => {
    const text = `Your key is ${SECRETS['openai-key']}, and ${SECRETS['aws-key']}.`
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 40 }), (cuts) => {
        const events = redactor.events(part(text, cuts))
        const joined = events.map(({ body }) => (typeof body.delta === 'string' ? body.delta : '')).join('')
        expect(joined).toBe('Your key is [redacted:openai-key], and [redacted:aws-key].')
        expect(events.at(-1)?.body.text).toBe(joined)
        expect(events.map(({ at }) => at)).toEqual(part(text, cuts).map(({ at }) => at))
      }),
    )
  })

  test('leaves no piece of it in the log probabilities', () => {
    const secret = SECRETS['aws-key']
    const cut = [secret.slice(0, 5), secret.slice(5)]
    const tokens = cut.map((token) => ({ token, logprob: 0, bytes: [1, 2], top_logprobs: [] }))
    const place = { output_index: 0, content_index: 0 }
    const events = redactor.events(
      toEvents([
        ...cut.map((delta, index) => ({
          type: 'response.output_text.delta',
          ...place,
          delta,
          logprobs: [tokens[index]],
        })),
        { type: 'response.output_text.done', ...place, text: secret, logprobs: tokens },
      ]),
    )
    expect(events.map(({ body }) => body.logprobs)).toEqual([[], [], []])
    expect(JSON.stringify(events)).not.toContain(cut[1])
  })

  test('does not join the deltas of two parts', () => {
    const [start, end] = [SECRETS['aws-key'].slice(0, 8), SECRETS['aws-key'].slice(8)]
    const events = toEvents([
      { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: start },
      { type: 'response.output_text.delta', output_index: 1, content_index: 0, delta: end },
    ])
    expect(redactor.events(events)).toEqual(events)
  })
})

describe('secretlint and the redactor', () => {
  const samples = [1, 2, 3].flatMap(samplesFrom)

  test.each(samplesFrom(1).map((sample, index) => [`${sample.kind} ${index}`, sample] as const))(
    'agree on a %s, in any surroundings',
    async (_name, { kind, rule, secret, text }) => {
      for (const [before, behind] of [
        ['', ''],
        ['Use ', ' for it.'],
        ['("', '")'],
        ['7_', '-'],
        ['KEY=', '\n'],
        ['{"a":"', '\\n"}'],
      ] as const) {
        const whole = `${before}${text}${behind}`
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

test('is quick, whatever is sent, for every kind', () => {
  const began = performance.now()
  for (const { text } of samplesFrom(1)) {
    for (const cut of [3, 4, 8, 12, 20]) redactor.text(text.slice(0, cut).repeat(200_000 / cut))
  }
  for (const piece of [
    '://a:b',
    'https://ab:cdef',
    '-----BEGIN ',
    'secret_access_key = ',
    'eyJaaaaaaaa.',
    '_authToken=',
    'a:x-oauth-basic',
    ':x-oauth-basic',
    'ghs_1_a.a.',
  ]) {
    redactor.text(piece.repeat(200_000 / piece.length))
  }
  // Some 180 texts of 200 kB: what is quadratic takes minutes.
  expect(performance.now() - began).toBeLessThan(10_000)
})
