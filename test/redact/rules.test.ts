import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Call } from '../../server/api/call.ts'
import { responses } from '../../server/api/responses/index.ts'
import { DeltatapeError } from '../../server/base/errors.ts'
import { identify } from '../../server/fixture/key.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { NO_RULES, parseRules, readRules } from '../../server/redact/rules.ts'
import { temporaryFolder } from '../kit/tools.ts'

const problemsOf = (value: unknown): string[] => {
  try {
    parseRules(typeof value === 'string' ? value : JSON.stringify(value), 'rules.json')
  } catch (error) {
    if (error instanceof DeltatapeError && error.code === 'config_invalid') return error.message.split('\n')
    throw error
  }
  return []
}

const rules = (...redact: unknown[]) => parseRules(JSON.stringify({ redact }), 'rules.json')
const EMAIL = { pattern: '[\\w.]+@example\\.com', flags: 'i', placeholder: '[email]' }
const CUSTOMER = { path: '$.metadata.customer', placeholder: '[customer]' }

const callFor = (request: unknown): Call => {
  const body = Buffer.from(JSON.stringify(request))
  return {
    api: responses,
    method: 'POST',
    path: '/v1/responses',
    query: '',
    headers: [['content-type', 'application/json']],
    body,
    content: body,
  }
}

describe('parseRules', () => {
  test('reads patterns and paths', () => {
    expect(rules(EMAIL, CUSTOMER)).toEqual({
      patterns: [{ expression: /[\w.]+@example\.com/gi, placeholder: '[email]' }],
      paths: [{ path: { segments: expect.any(Array) }, placeholder: '[customer]' }],
    })
    expect(rules()).toEqual(NO_RULES)
  })

  test('tells every problem at once, with its place', () => {
    const told = problemsOf({
      redact: [
        { pattern: '(', placeholder: '[a]' },
        { pattern: 'x*', placeholder: '[a]' },
        { pattern: '\\b', placeholder: '[a]' },
        { path: '$.a[?x]', placeholder: '[a]' },
        { placeholder: '[a]' },
        { pattern: 'a', path: '$.a', placeholder: '[b]' },
        { path: '$.a', flags: 'i', placeholder: '[b]' },
        { pattern: '\\w+', placeholder: '[word]' },
      ],
    })
    expect(told).toEqual([
      expect.stringMatching(/^rules\.json: redact\[0\]\.pattern is no regular expression: .*\.$/),
      'rules.json: redact[1].pattern matches the empty text, so that everything would be redacted.',
      'rules.json: redact[2].pattern matches the empty text, so that everything would be redacted.',
      expect.stringMatching(/^rules\.json: redact\[3\]\.path must be a path such as .*\(got "\$\.a\[\?x\]"\)\.$/),
      'rules.json: redact[4] must have either a pattern or a path.',
      'rules.json: redact[5] must have either a pattern or a path.',
      'rules.json: redact[6].flags belongs to a pattern.',
      ...[0, 1, 2, 3, 4, 5, 6, 7].map((index) =>
        expect.stringContaining(`redact[${index}].placeholder is matched by the pattern /\\w+/g`),
      ),
    ])
  })

  test('refuses members that it does not know, and values of another kind', () => {
    expect(
      problemsOf({
        redact: [
          { ...EMAIL, name: 'x' },
          { pattern: 1, placeholder: '' },
          { pattern: 'a', flags: 'gy', placeholder: 'a\nb' },
        ],
        extra: 1,
      }),
    ).toEqual([
      'rules.json: redact[0].name is no member that is known here.',
      'rules.json: redact[1].pattern must be a regular expression, as a text.',
      'rules.json: redact[1].placeholder must not be empty.',
      'rules.json: redact[2].flags may hold i, m, s and u.',
      'rules.json: redact[2].placeholder must be one line of text.',
      'rules.json: extra is no member that is known here.',
    ])
    expect(problemsOf({})).toEqual(['rules.json: redact must be a list of rules.'])
    expect(problemsOf([])).toEqual(['rules.json: it is missing, or of another kind.'])
    expect(problemsOf('{')).toEqual([expect.stringMatching(/^rules\.json: it is no JSON: .*\.$/)])
  })
})

describe('readRules', () => {
  test('reads the file that it is told of, which has to be there', async () => {
    const file = join(await temporaryFolder(), 'rules.json')
    expect(() => readRules(file)).toThrow(/CONFIG_FILE: ".*rules\.json" cannot be read: ENOENT\./)
    await writeFile(file, JSON.stringify({ redact: [EMAIL] }))
    expect(readRules(file).patterns).toHaveLength(1)
  })

  test('bears the byte order mark that editors of Windows put before it', async () => {
    const file = join(await temporaryFolder(), 'marked.json')
    await writeFile(file, `\uFEFF${JSON.stringify({ redact: [EMAIL] })}`)
    expect(readRules(file)).toEqual(rules(EMAIL))
  })

  test('does without if there is none', () => {
    expect(readRules(undefined)).toEqual(NO_RULES)
  })
})

describe('a redactor with rules', () => {
  const redactor = createRedactor({}, rules(EMAIL, CUSTOMER, { path: '$.tools[*].server_url', placeholder: '[url]' }))

  test('gives requests that differ in what is redacted the same key', () => {
    const ask = (who: string) =>
      identify(callFor({ model: 'm', input: `Write to ${who}`, tools: [{ server_url: `https://${who}/` }] }), redactor)
    const { key, request } = ask('ada@example.com')
    expect(request).toEqual({ model: 'm', input: 'Write to [email]', tools: [{ server_url: '[url]' }] })
    expect(ask('Bob.B@EXAMPLE.com').key).toBe(key)
    expect(ask('nobody').key).not.toBe(key)
  })

  test('hides members by their path in the bodies of errors', () => {
    expect(redactor.body('{ "metadata" : { "customer" : {"a":[1]} , "b":1.0 } }')).toBe(
      '{ "metadata" : { "customer" : "[customer]" , "b":1.0 } }',
    )
  })

  test('leaves the ids and the data of the API alone, and no other ids', () => {
    const own = createRedactor({}, rules({ pattern: '\\d{4}', placeholder: '[number]' }))
    const text = JSON.stringify({
      id: 'resp_1234',
      item_id: 'msg_1234',
      encrypted_content: 'x1234',
      customer_id: '1234',
    })
    expect(own.json(text)).toBe(text.replace('"customer_id":"1234"', '"customer_id":"[number]"'))
  })

  test('says the same again, and finds nothing then', () => {
    const keeps = createRedactor({}, rules({ pattern: 'customer: .+', placeholder: 'customer: [name]' }))
    const once = keeps.text('customer: Ada')
    const found: string[] = []
    expect(keeps.text(once, (kind) => found.push(kind))).toBe('customer: [name]')
    expect(found).toEqual([])
  })

  test('knows the built-in rules, and given secrets, too', () => {
    const given = createRedactor({ 'api-key': 'the-k3y-of-mine' }, rules(EMAIL)).with({ token: 'an0ther-secret' })
    expect(given.text('the-k3y-of-mine a@example.com an0ther-secret')).toBe(
      '[redacted:api-key] [email] [redacted:token]',
    )
  })
})
