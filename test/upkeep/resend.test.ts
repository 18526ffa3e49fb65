import { describe, expect, test } from 'vitest'
import { contentText } from '../../server/api/call.ts'
import { ModelError } from '../../server/api/ending.ts'
import { told } from '../../server/api/responses/told.ts'
import { tokensIn } from '../../server/api/tokens.ts'
import { fresh } from '../../server/base/memo.ts'
import { fileName, identify } from '../../server/fixture/key.ts'
import { type Answer, type Model } from '../../server/model/model.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import type { Planned } from '../../server/upkeep/plan.ts'
import { resend, type Reply } from '../../server/upkeep/resend.ts'
import { compose } from '../kit/answers.ts'
import { STREAM, callOf, toEvents, toRecords } from '../kit/calls.ts'
import { inOnePiece } from '../kit/fixtures.ts'
import { settle } from '../kit/tools.ts'

function planned(input: string, after?: Planned): Planned {
  const body = after ? { input, previous_response_id: 'old' } : { input }
  const identity = identify(callOf(body), createRedactor(), after?.fixture.key)
  const fixture = { ...identity, name: fileName(identity), recorded: { at: '', upstream: '' } }
  return { fixture, after: after?.fixture, previousId: undefined, selected: true }
}

const [one, two, three] = [planned('one'), planned('two'), planned('three')]
const follow = planned('follow', one)
const last = planned('last', follow)

const tokensOf = (events: Parameters<typeof told>[0]) => tokensIn(told(events).usage)

const goOn = new AbortController().signal

/** An answer that streams these events, and then may break. */
const streaming = (objects: readonly Readonly<Record<string, unknown>>[], broken?: Error): Answer => ({
  head: STREAM,
  records: (async function* () {
    yield fresh(toRecords(objects))
    if (broken) throw broken
  })(),
})

const says = (input: string) => streaming(compose(input).text([input]).completed())

const inputOf = (call: Parameters<Model>[0]): string => String(JSON.parse(contentText(call)).input)

/** Sends; gives the replies by input, and the bodies that were sent. */
async function send(plan: readonly Planned[], model: Model, { concurrency = 4, signal = goOn } = {}) {
  const bodies: unknown[] = []
  const modelFor = (): Model => (call, abort) => {
    bodies.push(JSON.parse(contentText(call)))
    return model(call, abort)
  }
  const replies = await resend(
    plan,
    { modelFor, answerOf: async () => undefined, concurrency, signal, redactor: createRedactor() },
    ({ fixture }, reply) => [String(fixture.request.input), reply],
  )
  return { bodies, replies: Object.fromEntries(replies) as Record<string, Reply> }
}

const answering: Model = async (call) => says(inputOf(call))

describe('resend', () => {
  test('sends each turn with the new id of the one before', async () => {
    const { bodies, replies } = await send([one, follow, last], answering)
    expect(bodies).toEqual([
      { stream: true, input: 'one' },
      { stream: true, input: 'follow', previous_response_id: 'resp_one' },
      { stream: true, input: 'last', previous_response_id: 'resp_follow' },
    ])
    expect(replies.last).toMatchObject({ kind: 'answered' })
  })

  test('takes the id of an answer in one piece, too', async () => {
    const { bodies } = await send([one, follow], async (call) => {
      const { response, records } = inOnePiece({
        id: `resp_of_${inputOf(call)}`,
        object: 'response',
        status: 'completed',
      })
      return { head: response ?? STREAM, records: [fresh(records)] }
    })
    expect(bodies[1]).toMatchObject({ previous_response_id: 'resp_of_one' })
  })

  test('has no more under way than it may', async () => {
    let running = 0
    let most = 0
    const counting: Model = async (call) => {
      most = Math.max(most, ++running)
      await settle()
      running--
      return says(inputOf(call))
    }
    await send([one, follow, two, three], counting, { concurrency: 2 })
    expect(most).toBe(2)
  })

  test('a failure is told, and what continues it is not sent', async () => {
    const { bodies, replies } = await send([one, follow, last, two, three], async (call) => {
      if (inputOf(call) === 'one') return streaming([], new ModelError({ end: 'reset' }))
      if (inputOf(call) === 'two') return streaming(compose('x').error('server_error', 'It broke.'))
      const { response, records } = inOnePiece({ error: { message: 'Slow down.' } }, 429)
      return { head: response ?? STREAM, records: [fresh(records)] }
    })
    expect(bodies).toHaveLength(3)
    expect(replies.one).toMatchObject({ kind: 'failed', ending: { end: 'reset' }, status: 200 })
    expect(replies.follow).toMatchObject({ kind: 'failed', why: 'The answer that it continues failed.' })
    expect(replies.last).toMatchObject({ kind: 'failed' })
    expect(replies.two).toMatchObject({ kind: 'failed', why: 'The API sent an error: It broke (server_error).' })
    expect(replies.three).toMatchObject({
      kind: 'failed',
      why: 'The API refused the request with HTTP 429: Slow down.',
      ending: { end: 'refused' },
      status: 429,
    })
  })

  test('an API that cannot be reached has no status', async () => {
    const { replies } = await send([one], async () => {
      throw new ModelError({ end: 'unreachable', why: 'ECONNREFUSED' })
    })
    expect(replies.one).toMatchObject({ kind: 'failed', ending: { end: 'unreachable' }, status: undefined })
  })

  test('breaks off what is under way, and sends no more', async () => {
    const abort = new AbortController()
    const { bodies, replies } = await send(
      [one, follow, two, three],
      async (call, signal) => {
        if (inputOf(call) === 'one') return says('one')
        abort.abort()
        signal.throwIfAborted()
        return says('never')
      },
      { concurrency: 1, signal: abort.signal },
    )
    expect(bodies).toHaveLength(2)
    expect(Object.entries(replies).map(([input, { kind }]) => [input, kind])).toEqual([
      ['one', 'answered'],
      ['follow', 'not_sent'],
      ['two', 'not_sent'],
      ['three', 'not_sent'],
    ])
  })

  test('a bug is no failure', async () => {
    const broken: Model = async () => {
      throw new TypeError('a bug')
    }
    await expect(send([one], broken)).rejects.toThrow('a bug')
  })
})

test('tokens are those of the response, and none if it tells none', () => {
  expect(tokensOf(toEvents(compose('a').text(['a', 'b']).completed()))).toEqual({ input: 16, output: 2 })
  expect(tokensOf(toEvents(compose('a').failed('x', 'X')))).toEqual({ input: 0, output: 0 })
  expect(tokensOf([])).toEqual({ input: 0, output: 0 })
})
