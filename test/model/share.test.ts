/** The same calls at once, in the mode that records what has no fixture. */
import { describe, expect, test } from 'vitest'
import { type Action, type Answer, type Model, readToTheEnd } from '../../server/model/model.ts'
import { shareCalls } from '../../server/model/share.ts'
import { readConfig } from '../../server/serve/config.ts'
import { compose, steps, words } from '../kit/answers.ts'
import { STREAM, callOf } from '../kit/calls.ts'
import type { Answer as Scripted } from '../kit/standin.ts'
import { bodyOf, drain, modelFor, runStandIn, temporaryFolder } from '../kit/tools.ts'

const HI = { model: 'm', input: 'Say hi' }
const says = (text: string): Scripted => ({ steps: steps(compose(text).text(words(text)).completed()) })
const refused: Scripted = { status: 401, body: '{"error":{"message":"No"}}' }
const signals = (count: number) => Array.from({ length: count }, () => new AbortController())

/** The mode, before an API that waits for `go` before it answers. */
async function setUp(answers: (index: number) => Scripted, env: Record<string, string> = {}) {
  const go = Promise.withResolvers<void>()
  const standIn = await runStandIn((_call, index) => {
    const { steps: all = [], body, ...rest } = answers(index)
    // A body comes at once: it cannot wait.
    return body === undefined ? { ...rest, steps: [{ until: go.promise }, ...all] } : { ...rest, body }
  })
  const model = modelFor(
    readConfig({
      MODEL_MODE: 'auto',
      FIXTURES: await temporaryFolder(),
      OPENAI_BASE_URL: standIn.url,
      OPENAI_API_KEY: 'sk-x',
      ...env,
    }),
  )
  const called = async (times: number) => {
    while (standIn.calls.length < times) await new Promise(setImmediate)
  }
  return { model, standIn, go: go.resolve, called }
}

/** Lets calls that have begun come as far as they can. */
const later = async () => {
  for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
}

test('become one call to the API, and all get the same', async () => {
  const { model, standIn, go, called } = await setUp((index) => says(`answer ${index}`))
  const all = [1, 2, 3, 4].map(() => drain(model, HI))
  const other = drain(model, { ...HI, input: 'Something else' })
  await called(2)
  await later()
  go()
  const bodies = (await Promise.all(all)).map(({ records }) => bodyOf(records))
  expect(new Set(bodies).size).toBe(1)
  expect((await Promise.all(all)).map(({ action }) => action?.kind)).toEqual(['saved', 'hit', 'hit', 'hit'])
  await other
  expect(standIn.calls).toHaveLength(2)
})

test('go on for the others if one leaves, the first of them, too', async () => {
  const { model, standIn, go, called } = await setUp(() => says('one'))
  const [first, second, third] = signals(3)
  const all = [first, second, third].map((client) => drain(model, HI, client?.signal))
  await called(1)
  await later()
  first?.abort(new Error('left'))
  second?.abort(new Error('left'))
  await later()
  go()
  expect((await all[1])?.error).toMatchObject({ message: 'left' })
  expect((await all[2])?.action?.kind).toBe('hit')
  expect(standIn.calls).toHaveLength(1)
})

test('end for the API when all have left, and whoever comes then makes a new one', async () => {
  const { model, standIn, go, called } = await setUp(() => says('one'))
  const clients = signals(3)
  const all = clients.map(({ signal }) => drain(model, HI, signal))
  await called(1)
  await later()
  for (const client of clients) client.abort(new Error('left'))
  const next = drain(model, HI)
  await called(2)
  go()
  expect(await standIn.calls[0]?.closed).toEqual({ whole: false })
  await Promise.all(all)
  expect((await next).action?.kind).toBe('saved')
})

test('are made by each if the first one fails: it may have had another key', async () => {
  const { model, standIn, go, called } = await setUp((index) =>
    index === 0 ? { steps: ['reset'] } : says(`answer ${index}`),
  )
  const all = [1, 2, 3].map(() => drain(model, HI))
  await called(1)
  await later()
  go()
  const [first, ...others] = await Promise.all(all)
  expect(first?.error).toMatchObject({ code: 'upstream_reset' })
  expect(others.map(({ head }) => head?.status)).toEqual([200, 200])
  expect(standIn.calls).toHaveLength(3)
})

test('are takes of their own if those are asked for', async () => {
  const { model, go, called } = await setUp((index) => says(`answer ${index}`), { RECORD_TAKES: '1' })
  const all = [1, 2, 3].map(() => drain(model, HI))
  await called(3)
  go()
  const actions = (await Promise.all(all)).map(({ action }) => action)
  expect(actions.map((action) => action?.kind)).toEqual(['saved', 'saved', 'saved'])
  expect(new Set(actions.map((action) => action?.fixture)).size).toBe(3)
})

test('takes that were begun in this run go on; those of an earlier run are replayed, and then the last', async () => {
  const env = { RECORD_TAKES: '1', FIXTURES: await temporaryFolder() }
  const first = await setUp((index) => says(`answer ${index}`), env)
  first.go()
  const was = []
  for (let count = 0; count < 2; count++) was.push(await drain(first.model, HI))
  expect(was.map(({ action }) => action?.kind)).toEqual(['saved', 'saved'])
  const next = await setUp(() => refused, env)
  const is = []
  for (let count = 0; count < 3; count++) is.push(await drain(next.model, HI))
  expect(is.map(({ records }) => bodyOf(records))).toEqual(
    [was[0], was[1], was[1]].map((each) => bodyOf(each?.records ?? [])),
  )
  expect(next.standIn.calls).toHaveLength(0)
})

test('a poll goes on until what it asks about is finished; another GET is answered from its fixture', async () => {
  const states = ['queued', 'in_progress', 'completed', 'completed']
  const env = { FIXTURES: await temporaryFolder() }
  const poll = {
    ...callOf({}),
    method: 'GET',
    path: '/v1/responses/resp_1',
    body: new Uint8Array(),
    content: new Uint8Array(),
  }
  const { model, standIn } = await setUp(
    (index) => ({ body: JSON.stringify({ id: 'resp_1', object: 'response', status: states[index] }) }),
    env,
  )
  const was: string[] = []
  for (let count = 0; count < 5; count++) was.push(bodyOf((await drain(model, poll)).records))
  expect(standIn.calls).toHaveLength(3)
  expect(was.map((body): unknown => JSON.parse(body).status)).toEqual([
    'queued',
    'in_progress',
    'completed',
    'completed',
    'completed',
  ])
})

describe('whatever the model does', () => {
  /** Calls of one key, whose model does what a test says. */
  function setUpModel() {
    const asked: PromiseWithResolvers<Answer>[] = []
    const model: Model = () => {
      const next = Promise.withResolvers<Answer>()
      asked.push(next)
      return next.promise
    }
    const again: Model = async () => ({ head: STREAM, action: { kind: 'hit', fixture: 'a.jsonl' }, records: [] })
    const shared = shareCalls(model, async () => ({ key: 'key' }), again)
    const ask = async (signal = new AbortController().signal) => {
      const answer = await shared(callOf(HI), signal)
      await readToTheEnd(answer.records)
      return answer.action?.kind
    }
    return { asked, ask }
  }
  const ended = (kind: Action['kind']): Answer => ({
    head: STREAM,
    action: { kind, fixture: 'a.jsonl' },
    records: [],
  })

  test.each([
    ['saved', 'hit', 1],
    ['unchanged', 'hit', 1],
    ['not_saved', 'saved', 2],
  ] as const)('after an answer that was %s the next is a %s', async (first, next, calls) => {
    const { asked, ask } = setUpModel()
    const all = [ask(), ask()]
    await later()
    asked[0]?.resolve(ended(first))
    await later()
    asked[1]?.resolve(ended('saved'))
    expect(await Promise.all(all)).toEqual([first, next])
    expect(asked).toHaveLength(calls)
  })

  test('who waits for a call without an answer makes one', async () => {
    const { asked, ask } = setUpModel()
    const [first, second] = [ask(), ask()]
    await later()
    asked[0]?.reject(new Error('no answer'))
    await expect(first).rejects.toThrow('no answer')
    await later()
    asked[1]?.resolve(ended('saved'))
    expect(await second).toBe('saved')
  })

  test('a call that nobody wanted any more ends none that came after it', async () => {
    const { asked, ask } = setUpModel()
    const client = new AbortController()
    const left = ask(client.signal)
    await later()
    client.abort(new Error('left'))
    const next = ask()
    await later()
    asked[0]?.reject(new Error('aborted'))
    await expect(left).rejects.toThrow('aborted')
    const joined = ask()
    await later()
    asked[1]?.resolve(ended('saved'))
    expect(await Promise.all([next, joined])).toEqual(['saved', 'hit'])
    expect(asked).toHaveLength(2)
  })
})
