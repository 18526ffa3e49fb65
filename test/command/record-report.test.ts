import { describe, expect, test } from 'vitest'
import { exitCodeOf, toJson, toText } from '../../server/command/record-report.ts'
import { type Entry } from '../../server/upkeep/sending.ts'
import { fakeTerminal } from '../kit/tools.ts'

const entry = (outcome: Entry['outcome'], more: Partial<Entry> = {}): Entry => ({ name: 'a.jsonl', outcome, ...more })

describe('the exit code', () => {
  test.each([
    ['record', ['refreshed', 'unchanged', 'skipped'], 0],
    ['record', ['refreshed', 'failed'], 1],
    ['record', ['failed', 'skipped'], 2],
    ['record', ['skipped'], 2],
    ['record', ['refreshed', 'not_sent'], 2],
    ['check', ['same', 'skipped'], 0],
    ['check', ['same', 'differs'], 1],
    ['check', ['same', 'differs', 'failed'], 2],
    ['check', ['same', 'not_sent'], 2],
    ['check', ['skipped'], 2],
    ['check', [], 2],
  ] as const)('%s %j → %i', (task, outcomes, code) => {
    expect(
      exitCodeOf(
        task,
        outcomes.map((outcome) => entry(outcome)),
      ),
    ).toBe(code)
  })
})

test('tells what is alike once, with a count and the first few names, within 80 columns', () => {
  const why = 'The API refused the request with HTTP 429: You exceeded your current quota, please check your plan.'
  const entries = Array.from({ length: 6 }, (_, index) => entry('failed', { name: `f${index}.jsonl`, why }))
  expect(toText('record', [...entries, entry('refreshed', { tokens: { input: 1200, output: 5 } })], fakeTerminal()))
    .toBe(`\
failed (6): The API refused the request with HTTP 429: You exceeded your current
  quota, please check your plan.
  f0.jsonl
  f1.jsonl
  f2.jsonl
  and 3 more

1 refreshed, 0 unchanged, 6 failed
1,200 tokens in, 5 out`)
})

const DRIFTS = [
  { kind: 'event_added', event: 'response.shiny' },
  { kind: 'event_removed', event: 'response.dull' },
  { kind: 'added', event: 'response.completed', path: 'response.usage.cost', is: 'number' },
  { kind: 'removed', event: 'response.completed', path: 'response.user', was: 'string' },
  { kind: 'changed', event: 'response.completed', path: 'sequence_number', was: 'number', is: 'string' },
] as const

test('shows drift by the fixtures that have it, and by event', () => {
  const entries = ['a', 'b'].map((name) => entry('differs', { name, drifts: DRIFTS }))
  expect(toText('check', entries, fakeTerminal())).toBe(`\
drift in 2 fixtures
  response.shiny
    + this type of event is new
  response.dull
    - this type of event comes no more
  response.completed
    + response.usage.cost: number
    - response.user: string
    ~ sequence_number: number → string
  in a
     b

0 the same, 2 with drift, 0 could not check
0 tokens in, 0 out`)
})

test('lets nothing of the upstream act on the terminal', () => {
  const text = toText('record', [entry('failed', { why: 'Oh\u001B[2J\nno' })], fakeTerminal())
  expect(text).toContain(String.raw`Oh\u001b[2J\u000ano`)
})

test('the same as JSON', () => {
  const report: unknown = JSON.parse(toJson('check', [entry('differs', { drifts: DRIFTS.slice(0, 1) })]))
  expect(report).toEqual({
    task: 'check',
    fixtures: [{ name: 'a.jsonl', outcome: 'differs' }],
    drift: [{ kind: 'event_added', event: 'response.shiny', fixtures: ['a.jsonl'] }],
    tokens: { input: 0, output: 0 },
  })
})

describe('of several APIs and hosts', () => {
  test('each has a line', () => {
    const entries = [
      entry('same', { api: 'messages' }),
      entry('differs', { api: 'chat-completions', host: 'api.mistral.ai' }),
      entry('same', { api: 'chat-completions', host: 'api.mistral.ai' }),
      entry('failed'),
    ]
    expect(toText('check', entries, fakeTerminal())).toBe(`\
chat-completions at api.mistral.ai  1 the same, 1 with drift
messages                            1 the same
unknown                             1 could not check

2 the same, 1 with drift, 1 could not check
0 tokens in, 0 out`)
  })

  test('whatever a file says for a host, lines are short and few', () => {
    const hosts = Array.from({ length: 500 }, (_, index) => `${index}\u001b[31m${'x'.repeat(10_000)}`)
    const lines = toText(
      'record',
      hosts.map((host) => entry('unchanged', { api: 'any', host })),
      fakeTerminal(),
    ).split('\n')
    expect(lines.filter((line) => line.length > 80 || line.includes('\u001b'))).toEqual([])
    expect(lines.length).toBeLessThan(60)
    expect(lines).toContain('and 460 more')
  })
})
