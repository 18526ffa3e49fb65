/** What is told of a turn: without secrets, in short, and little is kept for it. */
import { describe, expect, test } from 'vitest'
import type { Call } from '../../server/api/call.ts'
import { apiOf } from '../../server/api/index.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { parseRules } from '../../server/redact/rules.ts'
import type { TurnEntry } from '../../server/serve/journal.ts'
import { type Shown, createTelling, endOf, keptOf } from '../../server/serve/shown.ts'
import { callOf } from '../kit/calls.ts'
import { EXCHANGES } from '../kit/exchanges.ts'
import { manualClock } from '../kit/tools.ts'

const KEY = 'sk-proj-1234567890abcdefghijklmnop'

const ENTRY: TurnEntry = { endpoint: '/ws', count: 1, unit: 'frame', ms: 5 }

const PLAIN: Shown = {
  n: 1,
  endpoint: '/ws',
  id: undefined,
  unit: 'frame',
  began: 0,
  count: 0,
  bytes: 0,
  firstMs: undefined,
  call: undefined,
  end: undefined,
}

/** What is told of a turn. */
const told = (shown: Partial<Shown>, redactor = createRedactor()) =>
  createTelling(redactor, manualClock())({ ...PLAIN, ...shown })

const asks = (input: unknown, more: Partial<Call> = {}) => callOf({ model: 'm', input }, more)

describe('no secret is told', () => {
  test('wherever it stands', () => {
    const call = asks(`${KEY} is my key`, { to: { upstream: 'x', host: `${KEY}.example` } })
    const entry: TurnEntry = {
      ...ENTRY,
      code: 'upstream_error',
      message: `It says ${KEY}.`,
      model: KEY,
      action: { kind: 'not_saved', fixture: 'x.jsonl', why: KEY, changes: KEY },
    }
    const turn = told({ id: KEY, endpoint: `/${KEY}`, call, end: endOf(entry) })
    expect(JSON.stringify(turn)).not.toContain(KEY)
    expect(turn.asked).toMatch(/^\[redacted:.+\] is my key$/)
  })

  test('which the client of the call brought, and that at the end of what is shown', () => {
    const secret = 'plain-secret-of-the-client-1'
    const call = asks(`${'x'.repeat(190)} ${secret} ${'y'.repeat(5000)}`, { credential: secret })
    const turn = told({
      call,
      end: endOf({ ...ENTRY, message: `${'x'.repeat(8180)} ${secret} and ${'z'.repeat(9000)}` }),
    })
    expect(JSON.stringify(turn)).not.toContain('plain-secret')
    expect(turn.asked?.length).toBeLessThanOrEqual(201)
    expect(turn.message?.length).toBeLessThanOrEqual(8193)
  })

  test('and what the rules of the user find in what was asked; an address is no text', () => {
    const rules = parseRules('{"redact":[{"pattern":"Ada","placeholder":"[name]"}]}', 'rules')
    const turn = told({ call: asks('I am Ada'), endpoint: '/@Ada/ws' }, createRedactor({}, rules))
    expect(turn).toMatchObject({ asked: 'I am [name]', endpoint: '/@Ada/ws' })
  })
})

test('white space of a question is one space, and nothing is asked where there is no text', () => {
  expect(told({ call: asks('  Say\n\n  hello\t') }).asked).toBe('Say hello')
  expect(told({ call: asks([]) }).asked).toBeUndefined()
  expect(told({ call: asks('x', { content: Buffer.from([0xff, 0x00]) }) }).asked).toBeUndefined()
  expect(told({ call: asks('x', { content: Buffer.from('['.repeat(100_000)) }) })).toMatchObject({ api: 'responses' })
})

test.each(EXCHANGES.map((each) => [each.name, each] as const))('%s: the call says what it asks', (_name, exchange) => {
  const { method = 'POST', path, request, model } = exchange
  const content = Buffer.isBuffer(request) ? request : Buffer.from(request === undefined ? '' : JSON.stringify(request))
  const [pathname = '', query = ''] = path.split('?')
  const seen = { method, path: pathname, query, headers: [['content-type', 'application/json']] as const, content }
  const turn = told({ call: { ...seen, api: apiOf(seen), credential: undefined, to: undefined } })
  expect(turn.api).toBe(apiOf(seen).name)
  if (model !== undefined) expect(turn.model).toBe(model)
})

describe('of a turn that has ended', () => {
  test('a short call is kept, without what carries it', () => {
    const call = asks('Hi', { transport: () => Promise.reject(new Error('not called')) })
    const kept = keptOf(call)
    expect(kept).not.toHaveProperty('transport')
    expect(kept).not.toHaveProperty('account')
    expect(told({ call: kept, end: endOf(ENTRY) }).asked).toBe('Hi')
    expect(keptOf(asks('x'.repeat(9000)))).toBeUndefined()
  })

  test('an endless message is kept in part', () => {
    const { message = '' } = endOf({ ...ENTRY, message: 'm'.repeat(1_000_000) })
    expect(message.length).toBeLessThan(20_000)
  })

  test('what the journal knows counts before what the call says', () => {
    const end = endOf({
      ...ENTRY,
      model: 'other',
      api: 'any',
      host: 'x.example',
      chars: 3,
      usage: { input_tokens: 1, output_tokens: 2 },
    })
    expect(told({ call: asks('Hi'), end })).toMatchObject({
      model: 'other',
      api: 'any',
      host: 'x.example',
      chars: 3,
      tokens: { input: 1, output: 2 },
      ms: 5,
      open: false,
    })
  })
})
