/** The journal: the line of a turn, and what it says of recordings in the end. */
import { expect, test } from 'vitest'
import type { Action } from '../../server/model/model.ts'
import { createJournal } from '../../server/serve/journal.ts'
import { type Fields, type Log, silentLog } from '../../server/serve/log.ts'

/** A journal, and what it told the log. */
function setUp() {
  const lines: (Fields & { readonly level: string; readonly msg: string })[] = []
  const to =
    (level: string) =>
    (msg: string, fields: Fields = {}) =>
      void lines.push({ level, msg, ...fields })
  const repeat: Log['repeat'] = ({ level, message, fields }, now) =>
    to(level)(message.join(now.text), { ...fields, ...now.fields })
  const log = { ...silentLog, announce: to('info'), info: to('info'), warn: to('warn'), repeat }
  const journal = createJournal(log, 'record')
  return { journal, read: () => lines }
}

test('a turn is a line that a person can read, and fields for a machine', () => {
  const { journal, read } = setUp()
  journal.turn({
    endpoint: '/ws',
    action: { kind: 'saved', fixture: 'say-hi-1.jsonl' },
    count: 1,
    unit: 'frame',
    ms: 12.34,
  })
  journal.turn({
    endpoint: '/ws',
    id: '7',
    count: 0,
    unit: 'frame',
    ms: 5,
    code: 'cancelled',
    message: 'The client left.',
  })
  journal.turn({ endpoint: '/ws-stream', count: 3, unit: 'frame', ms: 5, code: 'upstream_reset', message: 'It broke.' })
  expect(read()).toMatchObject([
    {
      level: 'info',
      msg: 'record saved say-hi-1.jsonl 1 frame 12 ms /ws',
      action: 'saved',
      fixture: 'say-hi-1.jsonl',
      frames: 1,
      ms: 12.3,
    },
    { level: 'info', msg: 'record cancelled 0 frames 5 ms /ws', turn: '7', code: 'cancelled' },
    { level: 'warn', msg: 'record upstream_reset 3 frames 5 ms /ws-stream: It broke.', error: 'It broke.' },
  ])
})

test('an answer over HTTP has records', () => {
  const { journal, read } = setUp()
  const action = { kind: 'hit', fixture: 'x.jsonl', derived: 'stream' } as const
  journal.turn({ endpoint: '/v1/responses', action, count: 1, unit: 'record', ms: 1 })
  journal.turn({ endpoint: '/v1/responses', count: 110, unit: 'record', ms: 1 })
  expect(read()).toEqual([
    expect.objectContaining({
      msg: 'record hit x.jsonl (derived from its stream) 1 record 1 ms /v1/responses',
      derived: 'stream',
      records: 1,
    }),
    expect.objectContaining({ msg: 'record 110 records 1 ms /v1/responses', records: 110 }),
  ])
  expect(JSON.stringify(read()[0])).not.toContain('frames')
})

test('a recording that replaces another says what changed', () => {
  const { journal, read } = setUp()
  const action = { kind: 'saved', fixture: 'x.jsonl', changes: 'answer 1 word added' } as const
  journal.turn({ endpoint: '/ws', action, count: 1, unit: 'frame', ms: 1 })
  expect(read()).toMatchObject([
    { msg: 'record saved x.jsonl (answer 1 word added) 1 frame 1 ms /ws', changes: 'answer 1 word added' },
  ])
})

test('a failure that is replayed is nothing to warn of', () => {
  const { journal, read } = setUp()
  const action = { kind: 'hit', fixture: 'x.jsonl' } as const
  journal.turn({
    endpoint: '/ws',
    action,
    count: 1,
    unit: 'frame',
    ms: 1,
    code: 'upstream_reset',
    message: 'It broke.',
  })
  expect(read()).toMatchObject([{ level: 'info', msg: 'record hit x.jsonl upstream_reset 1 frame 1 ms /ws' }])
})

test('in the end it says what became of each recording', () => {
  const { journal, read } = setUp()
  const turn = (kind: 'saved' | 'unchanged' | 'not_saved', fixture: string, why?: string) =>
    journal.turn({
      endpoint: '/ws',
      action: { kind, fixture, ...(why ? { why } : {}) },
      count: 1,
      unit: 'frame',
      ms: 1,
    })
  turn('not_saved', 'a.jsonl', 'it failed')
  turn('saved', 'a.jsonl')
  turn('unchanged', 'b.jsonl')
  turn('not_saved', 'c.jsonl', 'it failed')
  turn('unchanged', 'a.jsonl')
  journal.turn({ endpoint: '/ws', action: { kind: 'hit', fixture: 'a.jsonl' }, count: 1, unit: 'frame', ms: 1 })
  journal.close({ names: [] })
  expect(read().slice(6)).toMatchObject([
    {
      msg: 'recorded: 1 saved, 1 unchanged, 1 not saved (0 new, 1 changed, 0 left over)',
      saved: 1,
      unchanged: 1,
      not_saved: 1,
    },
    { level: 'warn', msg: 'not saved: c.jsonl: it failed' },
  ])
})

test('in the end it says how many fixtures are new, changed, unchanged and left over', () => {
  const { journal, read } = setUp()
  const turn = (action: Action) => journal.turn({ endpoint: '/ws', action, count: 1, unit: 'frame', ms: 1 })
  const name = (word: string, take = '') => `${word}-123456789abc${take}.jsonl`
  turn({ kind: 'saved', fixture: name('new'), isNew: true })
  // What was new at first is new, whatever else came to it.
  turn({ kind: 'saved', fixture: name('new') })
  turn({ kind: 'saved', fixture: `deep/${name('old')}` })
  turn({ kind: 'unchanged', fixture: name('same') })
  turn({ kind: 'not_saved', fixture: name('failed'), why: 'it failed' })
  turn({ kind: 'hit', fixture: name('played') })
  turn({
    kind: 'saved',
    fixture: name('row', '.3'),
    isNew: true,
    earlier: [{ fixture: name('row') }, { fixture: name('row', '.2'), isNew: true }],
  })
  const used = ['new', 'failed', 'same', 'played'].map((word) => name(word))
  const row = [name('row'), name('row', '.2'), name('row', '.3'), name('row', '.4')]
  journal.close({ names: [...used, `deep/${name('old')}`, ...row, name('nobody'), 'of-the-user.jsonl'] })
  expect(read().find(({ msg }) => msg.startsWith('recorded'))).toMatchObject({
    msg: expect.stringContaining(
      '5 saved, 1 unchanged, 1 not saved (3 new, 2 changed, 3 left over: `npx deltatape unused',
    ),
    new: 3,
    changed: 2,
    unchanged: 1,
    left_over: 3,
  })
})

test('if nothing was recorded it says nothing in the end', () => {
  const { journal, read } = setUp()
  journal.turn({ endpoint: '/ws', action: { kind: 'hit', fixture: 'a.jsonl' }, count: 1, unit: 'frame', ms: 1 })
  journal.close({ names: [] })
  expect(read()).toHaveLength(1)
})

test('the names of ignored members are kept within bounds', () => {
  const { journal, read } = setUp()
  journal.turn({
    endpoint: '/ws',
    count: 1,
    unit: 'frame',
    ms: 1,
    ignored: Array.from({ length: 5000 }, (_, index) => `${index}${'x'.repeat(100)}`),
  })
  expect(read()[0]?.msg.length).toBeLessThan(600)
  expect(read()[0]?.msg).toContain('and 4990 more')
})

test('an answer of an API is told with its model, its text and its tokens, in the words of the API for machines', () => {
  const { journal, read } = setUp()
  const turn = { endpoint: '/v1/chat/completions', count: 9, unit: 'record', ms: 7 } as const
  const usage = { prompt_tokens: 4, completion_tokens: 5 }
  journal.turn({ ...turn, api: 'chat-completions', host: 'api.mistral.ai', model: 'mistral-small', chars: 12, usage })
  journal.turn({ ...turn, api: 'any', model: '', chars: undefined })
  journal.turn({ ...turn, api: 'messages', model: 'm', usage: { input_tokens: 1 } })
  expect(read()).toMatchObject([
    {
      msg: 'record 9 records 7 ms /v1/chat/completions (chat-completions at api.mistral.ai, mistral-small: 12 characters, 4 tokens in, 5 out)',
      api: 'chat-completions',
      host: 'api.mistral.ai',
      model: 'mistral-small',
      chars: 12,
      usage: JSON.stringify(usage),
    },
    { msg: 'record 9 records 7 ms /v1/chat/completions (any)', api: 'any', model: undefined },
    { msg: 'record 9 records 7 ms /v1/chat/completions (messages, m: 1 tokens in, 0 out)' },
  ])
})

test('what was recorded of several APIs is told for each, and then of all', () => {
  const { journal, read } = setUp()
  const turn = (api: string, fixture: string, kind: 'saved' | 'unchanged', host?: string) =>
    journal.turn({ endpoint: '/', api, host, action: { kind, fixture }, count: 1, unit: 'record', ms: 1 })
  turn('messages', 'a.jsonl', 'saved')
  turn('chat-completions', 'b.jsonl', 'unchanged', 'api.mistral.ai')
  turn('chat-completions', 'c.jsonl', 'saved')
  journal.close({ names: [] })
  expect(read().slice(3)).toMatchObject([
    { msg: 'recorded of chat-completions: 1 saved, 0 unchanged, 0 not saved', saved: 1 },
    { msg: 'recorded of chat-completions at api.mistral.ai: 0 saved, 1 unchanged, 0 not saved' },
    { msg: 'recorded of messages: 1 saved, 0 unchanged, 0 not saved' },
    {
      msg: 'recorded: 2 saved, 1 unchanged, 0 not saved (0 new, 2 changed, 0 left over)',
      saved: 2,
      unchanged: 1,
      not_saved: 0,
    },
  ])
})

test('the line of a replay that ends as before is the very same; what a client may make as long as it likes is not kept', () => {
  const given: unknown[] = []
  const journal = createJournal({ ...silentLog, repeat: (line) => void given.push(line) }, 'replay')
  const turn = (action: Action, ignored: readonly string[] = []) => {
    for (let time = 0; time < 2; time++)
      journal.turn({ endpoint: '/ws', action, count: 1, unit: 'frame', ms: time, ignored })
    return given.at(-1) === given.at(-2)
  }
  const hit: Action = { kind: 'hit', fixture: 'say-hi-1.jsonl' }
  expect(turn(hit)).toBe(true)
  expect(turn({ kind: 'saved', fixture: 'say-hi-1.jsonl' })).toBe(false)
  expect(turn({ ...hit }, ['a'.repeat(1000)])).toBe(false)
})
