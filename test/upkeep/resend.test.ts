import { describe, expect, test } from 'vitest'
import { fileName, identify } from '../../server/fixture/key.ts'
import { ModelError } from '../../server/api/ending.ts'
import { type Model } from '../../server/model/model.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import type { Planned } from '../../server/upkeep/plan.ts'
import { resend, type Reply } from '../../server/upkeep/resend.ts'
import { tokensOf } from '../../server/api/responses/events.ts'
import { compose } from '../kit/answers.ts'
import { settle, toEvents } from '../kit/tools.ts'

function planned(input: string, after?: Planned): Planned {
  const body = after ? { input, previous_response_id: 'old' } : { input }
  const identity = identify(body, createRedactor(), after?.fixture.key)
  const recorded = { at: '', upstream: '', openai: '' }
  const fixture = { ...identity, name: fileName(identity), recorded }
  return { fixture, after: after?.fixture, previousId: undefined, selected: true }
}

const [one, two, three] = [planned('one'), planned('two'), planned('three')]
const follow = planned('follow', one)
const last = planned('last', follow)

const goOn = new AbortController().signal
const events = (input: string) => toEvents(compose(input).text([input]).completed())

/** Sends; gives the replies by input, and the bodies that were sent. */
async function send(plan: readonly Planned[], model: Model, { concurrency = 4, signal = goOn } = {}) {
  const bodies: unknown[] = []
  const modelFor = (): Model => (request, abort) => {
    bodies.push(request.body)
    return model(request, abort)
  }
  const replies = await resend(plan, { modelFor, concurrency, signal }, ({ fixture }, reply) => [
    String(fixture.request.input),
    reply,
  ])
  return { bodies, replies: Object.fromEntries(replies) as Record<string, Reply> }
}

const answering: Model = async function* ({ body }) {
  yield events(String(body.input))
}

describe('resend', () => {
  test('sends each turn with the new id of the one before', async () => {
    const { bodies, replies } = await send([one, follow, last], answering)
    expect(bodies).toEqual([
      { input: 'one' },
      { input: 'follow', previous_response_id: 'resp_one' },
      { input: 'last', previous_response_id: 'resp_follow' },
    ])
    expect(replies.last).toMatchObject({ kind: 'answered' })
  })

  test('has no more under way than it may', async () => {
    let running = 0
    let most = 0
    const counting: Model = async function* ({ body }) {
      most = Math.max(most, ++running)
      await settle()
      running--
      yield events(String(body.input))
    }
    await send([one, follow, two, three], counting, { concurrency: 2 })
    expect(most).toBe(2)
  })

  test('a failure is told, and what continues it is not sent', async () => {
    const { bodies, replies } = await send([one, follow, last, two], async function* ({ body }) {
      if (body.input === 'one') throw new ModelError({ end: 'reset' })
      yield toEvents(compose('x').error('server_error', 'It broke.'))
    })
    expect(bodies).toHaveLength(2)
    expect(replies.one).toMatchObject({ kind: 'failed', ending: { end: 'reset' } })
    expect(replies.follow).toMatchObject({ kind: 'failed', why: 'The answer that it continues failed.' })
    expect(replies.last).toMatchObject({ kind: 'failed' })
    expect(replies.two).toMatchObject({ kind: 'failed', why: 'The API sent an error: It broke (server_error).' })
  })

  test('breaks off what is under way, and sends no more', async () => {
    const abort = new AbortController()
    const { bodies, replies } = await send(
      [one, follow, two, three],
      async function* ({ body }, signal) {
        if (body.input === 'one') return yield events('one')
        abort.abort()
        signal.throwIfAborted()
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
    const broken: Model = () => {
      throw new TypeError('a bug')
    }
    await expect(send([one], broken)).rejects.toThrow('a bug')
  })
})

test('tokens are those of the response, and none where it says none', () => {
  expect(tokensOf(toEvents(compose('a').text(['a', 'b']).completed()))).toEqual({ input: 16, output: 2 })
  expect(tokensOf(toEvents(compose('a').failed('x', 'X')))).toEqual({ input: 0, output: 0 })
  expect(tokensOf([])).toEqual({ input: 0, output: 0 })
})
