import { describe, expect, test } from 'vitest'
import { createRedactor } from '../../server/redact/redactor.ts'
import { parseRules } from '../../server/redact/rules.ts'
import { SECRETS } from './samples.ts'

const redactor = createRedactor({ 'api-key': 'the-c0nfigured-key' })

describe('text', () => {
  test.each(Object.entries(SECRETS))('hides a whole %s, and that alone', (kind, secret) => {
    expect(redactor.text(`before ${secret}, after`)).toBe(`before [redacted:${kind}], after`)
    expect(redactor.text(`(${secret})"${secret}"`)).toBe(`([redacted:${kind}])"[redacted:${kind}]"`)
  })

  test('hides the configured key wherever it stands', () => {
    expect(redactor.text('Incorrect API key: xthe-c0nfigured-key9.')).toBe('Incorrect API key: x[redacted:api-key]9.')
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
      'a-c0nfigured-key',
    ]) {
      expect(redactor.text(text)).toBe(text)
    }
  })

  test('says the same again', () => {
    const once = redactor.text(Object.values(SECRETS).join(' '))
    expect(redactor.text(once)).toBe(once)
  })

  test('finds credentials in a text that begins like JSON, and was cut', () => {
    const cut = String.raw`{"url":"https:\/\/x.example\/?key=abcdefgh","headers":{"authorization":"Bearer abcdefgh","x-api-key":"ijkl`
    expect(redactor.text(cut)).toBe(
      String.raw`{"url":"https:\/\/x.example\/?key=[redacted:credential]","headers":{"authorization":"Bearer [redacted:credential]","x-api-key":"[redacted:credential]`,
    )
  })
})

test('keeps several JSON texts in a row JSON, as tool calls of one part are', () => {
  const rules = parseRules('{"redact":[{"pattern":"1","placeholder":"<\\"x\\">"}]}', 'rules')
  const written = createRedactor({}, rules).text('{"a":"1"}{"b":10}')
  expect(written).toBe(String.raw`{"a":"<\"x\">"}{"b":"<\"x\">"}`)
})

describe('json', () => {
  test('hides secrets in values and in names, also if they are escaped', () => {
    const secret = SECRETS['openai-key']
    const escaped = secret.replace('-', String.raw`\u002d`)
    expect(redactor.json(String.raw`{"a": ["${secret}"], "${secret}": "\u0041\/\n${escaped}"}`)).toBe(
      String.raw`{"a": ["[redacted:openai-key]"], "[redacted:openai-key]": "\u0041\/\n[redacted:openai-key]"}`,
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

  test('hides the configured key in opaque members, too', () => {
    const key = 'the-c0nfigured-key'
    for (const value of [
      { id: key },
      { signature: `x${key}` },
      { image: `${'A'.repeat(300)}${key}` },
      { a: 1, previous_response_id: key },
    ]) {
      expect(redactor.json(JSON.stringify(value))).toContain('[redacted:api-key]')
    }
  })

  test('hides a secret that JSON escapes, however deep it is', () => {
    for (const secret of ['correct"horse"battery9', 'pa55\\w0rd\\tok3n', 'tab\there-é-tok3n', '"\\"\\"\\"\\"']) {
      const knows = createRedactor({ 'auth-token': secret })
      const inner = JSON.stringify({ a: { b: `It is ${secret}.` } })
      expect(JSON.parse(knows.json(JSON.stringify({ text: secret, arguments: inner })))).toEqual({
        text: '[redacted:auth-token]',
        arguments: '{"a":{"b":"It is [redacted:auth-token]."}}',
      })
      // Text that is cut is not decoded.
      expect(knows.text(`data: {"delta":${JSON.stringify(secret)}`)).toBe('data: {"delta":"[redacted:auth-token]"')
    }
  })
})

describe('body', () => {
  test('hides secrets in JSON and in anything else', () => {
    expect(redactor.body(`{"error":"${SECRETS['aws-key']}"}`)).toBe('{"error":"[redacted:aws-key]"}')
    expect(redactor.body(`<p>${SECRETS['aws-key']}`)).toBe('<p>[redacted:aws-key]')
  })
})

describe('query', () => {
  test('hides values by their names, and others as texts', () => {
    const found: string[] = []
    const query = [
      ['key', 'abcdefgh'],
      ['X-Amz-Signature', '0123456789'],
      ['q', `is ${SECRETS['aws-key']} good?`],
      ['pageToken', 'abcdefgh'],
      ['api_key', '${KEY}'],
      ['next', 'https://x.example/?sig=abcdefgh'],
    ] as const
    expect(redactor.query(query, (kind) => found.push(kind))).toEqual([
      ['key', '[redacted:credential]'],
      ['X-Amz-Signature', '[redacted:signature]'],
      ['q', 'is [redacted:aws-key] good?'],
      ['pageToken', 'abcdefgh'],
      ['api_key', '${KEY}'],
      ['next', 'https://x.example/?sig=[redacted:signature]'],
    ])
    expect(found).toEqual(['credential', 'signature', 'aws-key', 'signature'])
  })

  test('gives back the very same list if it is clean', () => {
    const query = [
      ['limit', '20'],
      ['key', '[redacted:credential]'],
    ] as const
    expect(redactor.query(query)).toBe(query)
  })
})

describe('headers', () => {
  test('hides credentials by their names, and in addresses', () => {
    expect(
      redactor.headers([
        ['location', 'https://x.example/a?X-Goog-Signature=abcdef&b=c'],
        ['Location', '/a?access_token=abcdef'],
        ['set-cookie', 'sid=abcdef; Path=/'],
        ['Authorization', 'Bearer abcdef'],
        ['x-note', SECRETS['aws-key']],
        ['content-type', 'text/plain'],
      ]),
    ).toEqual([
      ['location', 'https://x.example/a?X-Goog-Signature=[redacted:signature]&b=c'],
      ['Location', '/a?access_token=[redacted:credential]'],
      ['set-cookie', '[redacted:credential]'],
      ['Authorization', 'Bearer [redacted:credential]'],
      ['x-note', '[redacted:aws-key]'],
      ['content-type', 'text/plain'],
    ])
  })

  test('gives back the very same list if it is clean', () => {
    const headers = [
      ['content-type', 'text/event-stream'],
      ['x-ratelimit-remaining-tokens', '149984'],
      ['location', '/v1/files/file_1?after=x'],
    ] as const
    expect(redactor.headers(headers)).toBe(headers)
  })
})

test('a redactor knows the secrets that it is given later, too', () => {
  expect(redactor.with({ mine: 'an0ther-secret' }).text('the-c0nfigured-key, an0ther-secret')).toBe(
    '[redacted:api-key], [redacted:mine]',
  )
  expect(redactor.with({ mine: undefined })).toBe(redactor)
})
