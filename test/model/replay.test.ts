/** Replay, with nock on watch: whatever is asked, nothing leaves. */
import nock from 'nock'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readConfig } from '../../server/config.ts'
import type { Action } from '../../server/model/model.ts'
import { fixed, instant, recorded } from '../../server/model/pace.ts'
import { systemClock } from '../../server/base/clock.ts'
import { compose, words } from '../kit/answers.ts'
import { BUNDLED, FAILURES } from '../kit/bundled.ts'
import {
  drain,
  manualClock,
  modelFor,
  openTestStore,
  replayFrom,
  settle,
  temporaryFolder,
  toEvents,
} from '../kit/tools.ts'
import { ASK } from './contract.ts'

const leaks: string[] = []
const onLeak = ({ url }: { url: string }) => leaks.push(url)

beforeAll(() => {
  nock.disableNetConnect()
  nock.emitter.on('no match', onLeak)
})
beforeEach(() => leaks.splice(0))
afterEach(() => expect(leaks).toEqual([]))
afterAll(() => {
  nock.emitter.off('no match', onLeak)
  nock.enableNetConnect()
  nock.restore()
})

test('nock sees what leaves, or this proof would be none', async () => {
  await expect(fetch('https://api.openai.com/v1/responses')).rejects.toThrow()
  expect(leaks.splice(0)).not.toEqual([])
})

const bundled = () => modelFor(readConfig({ FIXTURES_DIR: 'fixtures' }))

describe('the bundled fixtures', () => {
  test.each(BUNDLED.filter(({ after }) => after === undefined).map(({ input }) => [input]))('%s', async (input) => {
    const notes: Action[] = []
    const { events, error } = await drain(bundled(), { model: 'gpt-4.1-mini', input }, undefined, (note) =>
      notes.push(note),
    )
    expect(notes).toMatchObject([{ kind: 'hit', fixture: expect.stringMatching(/^[a-z0-9-]+-[0-9a-f]{12}\.jsonl$/) }])
    if (error === undefined) expect(events.at(-1)?.type).toMatch(/^response\.(completed|incomplete|failed)$/)
    else expect(error).toMatchObject({ code: expect.stringMatching(/^upstream_/) })
  })

  test('a failure of every kind is among them', async () => {
    const codes: Record<string, unknown> = {}
    for (const [kind, input] of Object.entries(FAILURES)) {
      const { events, error } = await drain(bundled(), { model: 'gpt-4.1-mini', input })
      codes[kind] =
        error instanceof Error && 'code' in error
          ? error.code
          : events.map(({ type }) => type).find((type) => /error|failed/.test(type))
    }
    expect(codes).toEqual({
      refused: 'upstream_refused',
      unreachable: 'upstream_unreachable',
      error: 'error',
      failed: 'response.failed',
      truncated: 'upstream_truncated',
      reset: 'upstream_reset',
      stalled: 'upstream_stalled',
      malformed: 'upstream_malformed',
    })
  })
})

test('a miss is an error that explains itself', async () => {
  const notes: Action[] = []
  const { events, error } = await drain(
    bundled(),
    { model: 'gpt-4.1-mini', input: 'My name is Eve.' },
    undefined,
    (note) => notes.push(note),
  )
  expect(events).toEqual([])
  expect(error).toMatchObject({
    code: 'fixture_miss',
    message: expect.stringMatching(/The nearest is my-name-is-ada-\w+\.jsonl, which differs in input/),
  })
  expect(notes).toMatchObject([{ kind: 'miss', fixture: expect.stringMatching(/^my-name-is-eve-/) }])
})

test('another model, instruction or conversation is a miss; metadata or a user is not', async () => {
  const body = { model: 'gpt-4.1-mini', input: 'My name is Ada.' }
  for (const more of [{ model: 'gpt-5' }, { instructions: 'Be rude' }, { previous_response_id: 'resp_unknown' }]) {
    expect((await drain(bundled(), { ...body, ...more })).error).toMatchObject({ code: 'fixture_miss' })
  }
  for (const more of [{ metadata: { run: '7' } }, { user: 'ada' }, { store: true }]) {
    expect((await drain(bundled(), { ...body, ...more })).error).toBeUndefined()
  }
})

describe('pace', () => {
  const setUp = async () => {
    const store = openTestStore(await temporaryFolder())
    await store.save({
      ...(await store.identify(ASK)),
      recorded: { at: '', upstream: 'stand-in', openai: '' },
      events: toEvents(compose('pace').text(words('one two three')).cut().events, 100),
      ending: { end: 'truncated' },
      endedAt: 2000,
    })
    return store
  }

  test.each([
    ['recorded', recorded(1), [0, 100, 200, 300, 400, 500, 600, 2000]],
    ['twice as fast', recorded(2), [0, 50, 100, 150, 200, 250, 300, 1000]],
    ['every 15 ms', fixed(15), [0, 15, 30, 45, 60, 75, 90, 105]],
  ])('%s spends the time between events, and before the end', async (_name, pace, due) => {
    const clock = manualClock()
    const model = replayFrom(await setUp(), pace, clock)
    const times: number[] = []
    const running = (async () => {
      for await (const batch of model({ body: ASK }, new AbortController().signal))
        times.push(...batch.map(() => clock.now()))
    })().catch(() => times.push(clock.now()))
    while (times.length < 1) await settle()
    await clock.advance(2000)
    await running
    expect(times).toEqual(due)
  })

  test('instant spends none, and gives it all in one batch', async () => {
    const { batches, events } = await drain(replayFrom(await setUp(), instant, manualClock()), ASK)
    expect([batches, events.length]).toEqual([1, 7])
  })

  test('a replay that waits is freed by its signal', async () => {
    const abort = new AbortController()
    const draining = drain(replayFrom(await setUp(), recorded(0.0001), systemClock), ASK, abort.signal)
    await settle()
    abort.abort(new Error('enough'))
    expect((await draining).error).toEqual(new Error('enough'))
  })
})

test('two replays are the same, event for event', async () => {
  const body = { model: 'gpt-4.1-mini', input: 'Count to two thousand' }
  const [one, two] = [await drain(bundled(), body), await drain(bundled(), body)]
  expect(one.events.map(({ text }) => text)).toEqual(two.events.map(({ text }) => text))
  expect(one.events.filter(({ type }) => type === 'response.output_text.delta')).toHaveLength(2000)
})
