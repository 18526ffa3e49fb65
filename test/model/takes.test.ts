/** Takes: recorded beside each other, and replayed one after another. */
import { readdir } from 'node:fs/promises'
import { expect, test } from 'vitest'
import type { Call, Caller } from '../../server/api/call.ts'
import { apiOf } from '../../server/api/index.ts'
import { systemClock } from '../../server/base/clock.ts'
import { instant } from '../../server/model/pace.ts'
import { createTakes } from '../../server/model/takes.ts'
import { compose, steps, words } from '../kit/answers.ts'
import { callOf } from '../kit/calls.ts'
import { fixtureFor, inOnePiece } from '../kit/fixtures.ts'
import type { Answer } from '../kit/standin.ts'
import {
  bodyOf,
  drain,
  liveFrom,
  openTestStore,
  recordInto,
  replayFrom,
  runStandIn,
  temporaryFolder,
} from '../kit/tools.ts'

const HI = callOf({ model: 'm', input: 'Say hi' })
const POLL: Call = {
  ...callOf({}),
  api: apiOf({ method: 'GET', path: '/v1/responses/resp_1', headers: [] }),
  method: 'GET',
  path: '/v1/responses/resp_1',
  headers: [],
  body: new Uint8Array(),
  content: new Uint8Array(),
}

const says = (text: string): Answer => ({ steps: steps(compose(text).text(words(text)).completed()) })
const refused: Answer = { status: 429, body: '{"error":{"message":"Slow down","code":"rate_limit"}}' }
const state = (status: string): Answer => ({ body: JSON.stringify({ id: 'resp_1', object: 'response', status }) })

/** Answers in the order in which they are asked for; the last again. */
async function setUp(answers: readonly Answer[], { recordTakes = true, recordFailures = false, dir = '' } = {}) {
  const folder = dir || (await temporaryFolder())
  const standIn = await runStandIn((_call, index) => answers[Math.min(index, answers.length - 1)] ?? refused)
  const takes = createTakes({ recordTakes })
  const model = recordInto(openTestStore(folder), liveFrom(standIn), { takes, recordFailures })
  const replay = () => replayFrom(openTestStore(folder), instant, systemClock)
  /** The takes that there are, by their numbers. */
  const files = async () =>
    (await readdir(folder)).map((name) => Number(/\.(\d+)\.jsonl$/.exec(name)?.[1] ?? 1)).toSorted((a, b) => a - b)
  return { dir: folder, standIn, model, replay, files }
}

/** What a call is answered so many times, one after another: the status and the body. */
async function asked(model: ReturnType<typeof recordInto>, call: Call, times: number): Promise<string[]> {
  const all: string[] = []
  for (let count = 0; count < times; count++) {
    const { head, records } = await drain(model, call)
    all.push(`${head?.status} ${bodyOf(records)}`)
  }
  return all
}

test('the answers to one call are replayed in their order, and then the last', async () => {
  const { model, replay, files } = await setUp([says('one'), says('two'), says('two'), says('three')])
  const was = await asked(model, HI, 4)
  expect(await files()).toEqual([1, 2, 3, 4])
  const first = replay()
  expect(await asked(first, HI, 6)).toEqual([...was, was[3], was[3]])
  expect(await asked(replay(), HI, 4)).toEqual(was)
})

test('each name has takes of its own, in the recording and in the replay', async () => {
  const [a, b]: Caller[] = [
    { name: 'a', id: 1 },
    { name: 'a', id: 2 },
  ]
  const { model, replay, files } = await setUp([says('one'), says('two')])
  const was = await asked(model, { ...HI, caller: a }, 2)
  const again = replay()
  expect(await asked(again, { ...HI, caller: a }, 2)).toEqual(was)
  expect(await asked(again, { ...HI, caller: b }, 1)).toEqual([was[0]])
  expect(await asked(again, HI, 2)).toEqual(was)
  await asked(model, { ...HI, caller: b }, 1)
  expect(await files()).toEqual([1, 2])
})

test('calls at once get takes in the order in which they came, whichever ends first', async () => {
  const gates = [0, 1, 2].map(() => Promise.withResolvers<void>())
  const { dir, replay } = await setUp([])
  const standIn = await runStandIn((_call, index) => ({
    steps: [{ until: gates[index]?.promise ?? Promise.resolve() }, ...(says(`answer ${index}`).steps ?? [])],
  }))
  const model = recordInto(openTestStore(dir), liveFrom(standIn), { takes: createTakes({ recordTakes: true }) })
  const running: Promise<unknown>[] = []
  for (let count = 0; count < 3; count++) {
    running.push(drain(model, { ...HI }))
    while (standIn.calls.length <= count) await new Promise(setImmediate)
  }
  for (const at of [2, 0, 1]) {
    gates[at]?.resolve()
    await running[at]
  }
  const bodies = await asked(replay(), HI, 3)
  expect(
    bodies.map(
      (body) => /answer \d/.exec(body.replaceAll(/\W+delta\W+/g, ''))?.[0] ?? body.match(/"text":"(answer \d)"/)?.[1],
    ),
  ).toEqual(['answer 0', 'answer 1', 'answer 2'])
})

test('a failure and then success are kept, in that order', async () => {
  const { model, replay, files } = await setUp([refused, refused, says('at last'), refused])
  const failed = await drain(model, HI)
  expect(failed.action).toMatchObject({ kind: 'not_saved' })
  expect(await files()).toEqual([])
  const was = [`429 ${bodyOf(failed.records)}`, ...(await asked(model, HI, 1))]
  const success = await drain(model, HI)
  expect(success.action).toMatchObject({
    kind: 'saved',
    earlier: [{ fixture: expect.stringMatching(/\w\.jsonl$/) }, { fixture: expect.stringMatching(/\.2\.jsonl$/) }],
  })
  expect(await files()).toEqual([1, 2, 3])
  was.push(`200 ${bodyOf(success.records)}`, ...(await asked(model, HI, 1)))
  expect(await asked(replay(), HI, 4)).toEqual(was)
})

test('failures alone never stand in the place of what was recorded before', async () => {
  const before = await setUp([says('good')])
  const was = await asked(before.model, HI, 1)
  const { model } = await setUp([refused], { dir: before.dir })
  await asked(model, HI, 3)
  expect(await before.files()).toEqual([1])
  expect(await asked(before.replay(), HI, 1)).toEqual(was)
})

test('in a new run the first answer is the first take again', async () => {
  const before = await setUp([says('one'), says('two'), says('three')])
  const [, , third] = await asked(before.model, HI, 3)
  const { model, replay, files } = await setUp([says('four'), refused, says('five')], { dir: before.dir })
  const was = await asked(model, HI, 2)
  expect(await files()).toEqual([1, 2, 3])
  expect(await asked(replay(), HI, 3)).toEqual([...was, third])
})

test('a call whose client left gives its number to the next', async () => {
  const { standIn, model, files } = await setUp([{ steps: ['hang'] }, says('one')])
  const client = new AbortController()
  const left = drain(model, HI, client.signal)
  while (standIn.calls.length === 0) await new Promise(setImmediate)
  client.abort(new Error('left'))
  await left
  await asked(model, HI, 1)
  expect(await files()).toEqual([1])
})

test('without takes the last answer stands in the place of the others, and is told apart from a mere repeat', async () => {
  const { model, files } = await setUp([says('one'), says('one'), says('two')], { recordTakes: false })
  const actions = []
  for (let count = 0; count < 3; count++) actions.push((await drain(model, HI)).action)
  expect(actions).toMatchObject([{ kind: 'saved' }, { kind: 'unchanged' }, { kind: 'saved', isOther: true }])
  expect(await files()).toEqual([1])
})

test('who polls gets all answers without asking for takes; the last one is kept once, however often it came', async () => {
  const answers = ['queued', 'in_progress', 'in_progress', 'completed', 'completed', 'completed'].map(state)
  const { model, replay, files } = await setUp(answers, { recordTakes: false })
  const was = await asked(model, POLL, 6)
  expect(await files()).toEqual([1, 2, 3, 4])
  for (let run = 0; run < 3; run++) expect(await asked(replay(), POLL, 6)).toEqual(was)
})

test('a poll that fails on the way is kept if it goes on, and forgotten if it has not begun', async () => {
  const answers = [refused, state('queued'), refused, state('completed'), refused]
  const { model, replay, files } = await setUp(answers, { recordTakes: false })
  const was = await asked(model, POLL, 5)
  expect(await files()).toEqual([1, 2, 3])
  expect(await asked(replay(), POLL, 4)).toEqual([...was.slice(1, 4), was[3]])
})

test('a failure among polls at once is kept by one that was asked for after it, not by one before', () => {
  const takes = createTakes({ recordTakes: false })
  const begin = () => takes.begin(POLL, 'key')
  const [first, second, third, fourth] = [begin(), begin(), begin(), begin()]
  const failure = fixtureFor(POLL, inOnePiece({ error: {} }, 429))
  const answer = (status: string) => fixtureFor(POLL, inOnePiece({ id: 'resp_1', object: 'response', status }))
  expect(first?.settle(answer('queued'))).toEqual({ kind: 'save', earlier: [] })
  expect(third?.settle(failure)).toEqual({ kind: 'held' })
  expect(second?.settle(answer('in_progress'))).toEqual({ kind: 'save', earlier: [] })
  expect(fourth?.settle(answer('completed'))).toEqual({ kind: 'save', earlier: [failure] })
})

test('a call that comes to nothing gives its number to no other once the next has begun', () => {
  const takes = createTakes({ recordTakes: true })
  const begin = () => takes.begin(HI, 'key')
  const [first, second] = [begin(), begin()]
  first?.drop()
  expect(begin()?.number).toBe(3)
  second?.drop()
  expect(begin()?.number).toBe(4)
})

test('what is held of a call that was forgotten makes room for others', () => {
  const takes = createTakes({ recordTakes: true })
  const failure = fixtureFor(HI, { ...inOnePiece({}, 429), records: [{ at: 0, wire: 'x'.repeat(4_000_000) }] })
  const settled = (key: string) => takes.begin(HI, key)?.settle(failure)
  expect(settled('first')).toEqual({ kind: 'held' })
  expect(settled('second')).toEqual({ kind: 'dropped' })
  for (let index = 0; index < 50_000; index++) takes.begin(HI, `other ${index}`)
  expect(settled('third')).toEqual({ kind: 'held' })
})

test('a miss takes no number', async () => {
  const { dir, model, files } = await setUp([says('one'), says('two')])
  const replay = replayFrom(openTestStore(dir), instant, systemClock)
  await drain(replay, HI)
  await drain(replay, HI)
  const was = await asked(model, HI, 2)
  expect(await files()).toEqual([1, 2])
  expect(await asked(replay, HI, 2)).toEqual(was)
})
