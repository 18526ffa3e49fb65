import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  isCredentialHeader,
  isCredentialName,
  isCredentialParameter,
  parameterKind,
} from '../../server/redact/places.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { NO_RULES, parseRules } from '../../server/redact/rules.ts'
import { placedFrom } from '../kit/secrets.ts'

const redactor = createRedactor()

describe('a name says that it holds a credential', () => {
  test.each([
    'authorization',
    'Authorization',
    'Proxy-Authorization',
    'Cookie',
    'Set-Cookie',
    'x-api-key',
    'api-key',
    'apiKey',
    'X-Goog-Api-Key',
    'Ocp-Apim-Subscription-Key',
    'x-functions-key',
    'access_token',
    'refreshToken',
    'X-CSRF-Token',
    'x-vault-token',
    'client_secret',
    'password',
    'X-Amz-Security-Token',
    'X-Amz-Credential',
    'cf-access-client-secret',
    'x-auth',
  ])('%s', (name) => {
    expect(isCredentialName(name)).toBe(true)
    expect(isCredentialHeader(name)).toBe(true)
    expect(isCredentialParameter(name)).toBe(true)
  })

  test.each([
    'max_tokens',
    'max_output_tokens',
    'token_count',
    'tokens',
    'token_type',
    'tokenizer',
    'next_page_token',
    'pageToken',
    'continuation-token',
    'prompt_cache_key',
    'idempotency-key',
    'x-idempotency-key',
    'x-cache-key',
    'sec-websocket-key',
    'anthropic-ratelimit-tokens-remaining',
    'access-control-allow-credentials',
    'authorization_endpoint',
    'author',
    'x-author',
    'monkey',
    'content-type',
    'x-request-id',
    'mcp-session-id',
    'x'.repeat(200) + '-token',
  ])('and not %s', (name) => {
    expect(isCredentialName(name)).toBe(false)
    expect(isCredentialHeader(name)).toBe(false)
    expect(isCredentialParameter(name)).toBe(false)
  })

  test('key alone counts in queries and among headers', () => {
    expect(isCredentialName('key')).toBe(false)
    expect(isCredentialHeader('Key')).toBe(true)
    expect(isCredentialParameter('key')).toBe(true)
  })

  test('signatures of addresses are of their own kind', () => {
    for (const name of ['sig', 'Signature', 'X-Amz-Signature', 'X-Goog-Signature', 'hmac']) {
      expect([name, parameterKind(name)]).toEqual([name, 'signature'])
    }
    for (const name of ['se', 'sv', 'Expires', 'X-Amz-Date', 'code', 'q', 'signed']) {
      expect([name, parameterKind(name)]).toEqual([name, undefined])
    }
  })
})

describe('a credential goes by where it stands', () => {
  test.each(placedFrom(1).map((placed) => [placed.place, placed] as const))('%s', (_place, { value, secret }) => {
    for (const json of [
      JSON.stringify(value),
      JSON.stringify(value, null, 2),
      JSON.stringify({ type: 'response.created', response: value }),
      JSON.stringify({ arguments: JSON.stringify(value, null, 1) }),
      JSON.stringify(value)
        .replaceAll('/', String.raw`\/`)
        .replaceAll('&', String.raw`\u0026`),
    ]) {
      const kinds: string[] = []
      const once = redactor.json(json, (kind) => kinds.push(kind))
      expect(once).not.toContain(secret)
      expect(kinds.filter((kind) => kind !== 'credential' && kind !== 'signature')).toEqual([])
      expect(kinds.length).toBeGreaterThan(0)
      expect(redactor.json(once)).toBe(once)
      expect(redactor.body(once)).toBe(once)
      expect(redactor.text(once)).toBe(once)
    }
  })

  test('another one leaves the same text, so that the key stays', () => {
    const texts = (seed: number) => placedFrom(seed).map(({ value }) => redactor.json(JSON.stringify(value)))
    expect(texts(1)).toEqual(texts(2))
  })

  test('whatever it looks like, it is of the same kind there', () => {
    const known = `ghp_${'a1B2c3D4e5F6g7H8i9J0'.repeat(2)}`.slice(0, 40)
    const hidden = (authorization: string) =>
      redactor.json(JSON.stringify({ authorization, headers: [{ value: authorization, name: 'authorization' }] }))
    expect(hidden(`Bearer ${known}`)).toBe(hidden('Bearer something else'))
    const configured = createRedactor({ 'api-key': 'the-c0nfigured-key' })
    expect(configured.json('{"authorization":"the-c0nfigured-key"}')).toBe('{"authorization":"[redacted:credential]"}')
  })

  test('nothing but it changes', () => {
    const text = String.raw`{ "a" : 1.0,"headers" : {"X-Api-Key": "a\/\"bc\u00e9", "accept" : "\u0041\/*"}, "b":[ 12345678901234567890 ] }`
    expect(redactor.json(text)).toBe(text.replace(String.raw`a\/\"bc\u00e9`, '[redacted:credential]'))
  })

  test('the word for the scheme stays', () => {
    const hidden = (authorization: string) => JSON.parse(redactor.json(JSON.stringify({ authorization }))).authorization
    expect(hidden('Bearer abcd')).toBe('Bearer [redacted:credential]')
    expect(hidden('basic abcd==')).toBe('basic [redacted:credential]')
    expect(hidden('AWS4-HMAC-SHA256 Credential=a/b, Signature=c')).toBe('AWS4-HMAC-SHA256 [redacted:credential]')
    expect(hidden('my long password')).toBe('[redacted:credential]')
    expect(hidden('Tokenlike')).toBe('[redacted:credential]')
  })

  test('what stands for a credential stays, and what is too short', () => {
    for (const value of [
      '',
      'abc',
      'Bearer',
      'Bearer ',
      '${TOKEN}',
      'Bearer ${TOKEN}',
      '${{ secrets.TOKEN }}',
      'Bearer {{token}}',
      'Bearer {token}',
      '<token>',
      '$TOKEN',
      '%TOKEN%',
      'Bearer [redacted:github-token]',
      '****',
      'none',
    ]) {
      const clean = JSON.stringify({
        authorization: value,
        headers: { 'x-api-key': value, authorization: [value] },
        url: `https://x.example/?token=${value.replace(/^Bearer ?/, '')}`,
      })
      expect(redactor.json(clean)).toBe(clean)
    }
    const own = createRedactor(
      {},
      parseRules('{"redact":[{"path":"$..authorization","placeholder":"(hidden)"}]}', 'rules.json'),
    )
    expect(own.json('{"authorization":"Bearer abcdefgh"}')).toBe('{"authorization":"(hidden)"}')
    expect(own.json('{"authorization":"(hidden)"}')).toBe('{"authorization":"(hidden)"}')
  })

  test('a known secret is found in what looks like a variable', () => {
    expect(createRedactor({ mine: 'abcdefgh' }, NO_RULES).json('{"authorization":"<abcdefgh>"}')).toBe(
      '{"authorization":"<[redacted:mine]>"}',
    )
  })

  test('words of the protocol, schemas and other members stay', () => {
    const clean = JSON.stringify({
      model: 'gpt-4.1-mini',
      max_output_tokens: 512,
      prompt_cache_key: 'user-1234',
      token: 'a word of the text',
      key: 'not a header',
      value: 'abcdefgh',
      password: 'is a member like any other',
      authorization: null,
      tools: [
        {
          type: 'mcp',
          authorization: null,
          headers: null,
          server_url: 'https://mcp.example.com/sse?v=2&max_tokens=1000',
        },
        {
          type: 'function',
          parameters: {
            type: 'object',
            properties: {
              authorization: { type: 'string', description: 'Your authorization: a token', enum: ['none', 'basic'] },
              headers: {
                type: 'object',
                properties: { 'x-api-key': { type: 'string', description: 'The API key' } },
                required: ['x-api-key'],
              },
            },
            required: ['authorization', 'headers'],
          },
        },
      ],
      headers: { accept: 'text/event-stream', 'x-request-id': 'req_12345', 'max-tokens': '1000', 'content-length': 12 },
      list: [{ name: 'authorization', value: 'no header' }],
      domain_secrets: [{ domain: 'x.example', name: 'TOKEN' }],
      logprobs: [{ token: 'hello' }, { token: 'there' }],
    })
    const found: string[] = []
    expect(redactor.json(clean, (kind) => found.push(kind))).toBe(clean)
    expect(found).toEqual([])
  })
})

test('in any JSON: redacting is idempotent, what is planted goes, and the shape stays', () => {
  const shapeOf = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value, (_name, each: unknown) => (typeof each === 'string' ? '' : each)))
  const name = fc.constantFrom('headers', 'authorization', 'name', 'value', 'x-api-key', 'domain_secrets', 'a', 'text')
  const piece = fc.constantFrom(
    'abc',
    'Bearer ',
    '"',
    '\\',
    ' ',
    'https://x.example/?sig=',
    '&token=',
    '{',
    '[',
    ':',
    'é',
    ')',
  )
  const string = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''))
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      string,
      fc.constantFrom(null, 1, true),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(name, tie('value'), { maxKeys: 4 }),
      tie('value').map((inner) => JSON.stringify(inner)),
    ),
  }))
  fc.assert(
    fc.property(value, fc.constantFrom(...placedFrom(3)), (around, placed) => {
      const json = JSON.stringify({ around, placed: placed.value })
      const once = redactor.json(json)
      expect(once).not.toContain(placed.secret)
      expect(shapeOf(JSON.parse(once))).toEqual(shapeOf(JSON.parse(json)))
      expect(redactor.json(once)).toBe(once)
    }),
    { numRuns: 1000 },
  )
})

test('what an app has of its own under a name that only sounds like a credential stays in a body', () => {
  const json = '{"session_token":"sess-0815-4711","id_token":"item-0815","token":"abcd1234","password":"open sesame"}'
  expect(redactor.json(json)).toBe(json)
})
