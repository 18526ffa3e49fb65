import { describe, expect, test } from 'vitest'
import { ModelError, RefusedError } from '../../../server/api/ending.ts'
import { DeltatapeError, MissError } from '../../../server/base/errors.ts'
import { fresh } from '../../../server/base/memo.ts'
import { createRedactor } from '../../../server/redact/redactor.ts'
import { responses } from '../../../server/serve/ws/responses.ts'
import { compose } from '../../kit/answers.ts'
import { crowd } from '../../kit/crowd.ts'
import { type Json, freshBatch, keptBatch, recordsOf } from './kit.ts'

const dialect = responses()(createRedactor())

const read = (message: unknown) => dialect.read(typeof message === 'string' ? message : JSON.stringify(message))
const request = (more: Json = {}) => {
  const message = read({ type: 'response.create', model: 'm', input: 'Hi', ...more })
  if (message.kind !== 'request') throw new Error(message.kind)
  return message
}
const textsOf = (objects: readonly Json[]) => objects.map((object) => JSON.stringify(object))

/** What a client gets for these pieces, whether they come together, one by one, or from a recording. */
function messagesFor(pieces: readonly (Json | string)[], lane?: string): string[] {
  const records = recordsOf(pieces)
  const run = (batches: Parameters<ReturnType<typeof request>['turn']['push']>[0][]) => {
    const { turn } = request({ stream_id: lane })
    return [...batches.flatMap((batch) => turn.push(batch).items), ...turn.finish()]
  }
  const together = run([fresh(records)])
  expect(run(records.map((record) => fresh([record])))).toEqual(together)
  const again = keptBatch(pieces)
  expect(run([again])).toEqual(together)
  crowd()
  expect(run([again])).toEqual(together)
  return together
}

describe('a message', () => {
  test('that is a response.create goes to the API as it is, and counts with all its members as a stream', () => {
    const text = '{ "type":"response.create","model":"m", "input":"Hi","unknown":{"a":9007199254740993} }'
    expect(read(text)).toMatchObject({
      kind: 'request',
      body: text,
      content: '{"model":"m","input":"Hi","unknown":{"a":9007199254740993},"stream":true}',
    })
  })

  test.each(['{', 'null', '[]', '{"type":"response.steer"}', '{"input":"Hi"}', '{"type":"cancel"}'])(
    'that is %j is answered with an error of the API',
    (text) => {
      const message = read(text)
      if (message.kind !== 'refused') throw new Error(message.kind)
      expect(message.messages.map((sent): unknown => JSON.parse(sent))).toEqual([
        {
          type: 'error',
          status: 400,
          error: {
            message: expect.any(String),
            type: 'invalid_request_error',
            param: null,
            code: expect.stringMatching(/^invalid_/),
          },
        },
      ])
    },
  )

  test('that is binary is refused', () => {
    expect(dialect.read(undefined).kind).toBe('refused')
  })
})

describe('events', () => {
  test('go out as they are, to the last', () => {
    const events = compose('w').error('server_error', 'Oh')
    const { turn } = request()
    expect(turn.push(freshBatch(events)).items).toEqual(textsOf(events))
    expect(turn.hasEnded()).toBe(true)
    expect(turn.error()).toEqual({ code: 'upstream_error', message: 'The API sent an error: Oh (server_error).' })
    expect(turn.fail(new DeltatapeError('internal', 'x'))).toEqual([])
  })

  test('without a type get that of their event line', () => {
    expect(messagesFor([{ error: { message: 'Oh' } }])).toEqual(['{"type":"error","error":{"message":"Oh"}}'])
  })

  test('are all that is sent: no [DONE], no comment, nothing after the end', () => {
    const events = compose('w').text(['a']).completed()
    expect(messagesFor([...events, '[DONE]', { type: 'response.output_text.delta', delta: 'late' }])).toEqual(
      textsOf(events),
    )
    const { turn } = request()
    expect(turn.push(fresh([{ at: 0, wire: ': comment\n\n' }])).items).toEqual([])
  })

  test('of a batch that comes again are remembered, but for a lane', () => {
    const batch = keptBatch(compose('w').text(['a']).completed())
    const push = (more?: Json) => request(more).turn.push(batch)
    expect(push()).toBe(push())
    expect(push().kept).toBe(true)
    expect(push({ stream_id: 'a' }).kept).toBe(false)
  })
})

describe('an answer that a gateway ends in its own way', () => {
  const end = (status: string) => ({ type: 'response.done', response: { status, error: { message: 'Oh' } } })

  test('ends with its records', () => {
    for (const [status, error] of [
      ['completed', undefined],
      ['failed', { code: 'upstream_failed', message: 'The API failed to answer: Oh.' }],
    ] as const) {
      const { turn } = request()
      const batch = freshBatch([end(status), '[DONE]'])
      expect(turn.push(batch).items).toEqual(textsOf([end(status)]))
      expect(turn.hasEnded()).toBe(false)
      expect([turn.finish(), turn.hasEnded(), turn.error()]).toEqual([[], true, error])
    }
  })

  test('goes on if another event follows', () => {
    const { turn } = request()
    turn.push(freshBatch([end('failed'), { type: 'response.output_text.delta', delta: 'a' }]))
    expect([turn.finish(), turn.hasEnded(), turn.error()]).toEqual([[], false, undefined])
  })
})

test('data that is no event fails the turn, at its place', () => {
  const secret = `sk-${'proj'}-Ab3dEf6hIj9kLm2nOp5qRs8t`
  const delta = { type: 'response.output_text.delta', delta: 'a' }
  const [first, last, ...rest] = messagesFor([delta, `Bad ${secret}`, delta])
  expect([first, rest]).toEqual([JSON.stringify(delta), []])
  expect(last).not.toContain(secret)
  expect(JSON.parse(last ?? '')).toMatchObject({
    type: 'error',
    status: 502,
    error: { code: 'upstream_malformed', message: expect.stringContaining('no event: Bad [redacted') },
  })
  const failed = compose('w').error('server_error', 'Oh')
  expect(messagesFor([...failed.slice(0, -1), 'junk', ...failed.slice(-1)])).toEqual(textsOf(failed))
})

describe('an error', () => {
  test('is sent once, in the words of an API that refused the call', () => {
    const { turn } = request()
    const body = '{"error":{"message":"Slow down","code":"c"}}'
    const refused = new RefusedError({ status: 429, headers: [], body })
    expect(turn.fail(refused)).toEqual(['{"type":"error","status":429,"error":{"message":"Slow down","code":"c"}}'])
    expect(turn.fail(refused)).toEqual([])
  })

  test('of a miss has a status that its program shows at once', () => {
    const missed = new MissError('No fixture', 'a.jsonl')
    const statusFor = (error: DeltatapeError, originator?: string): unknown => {
      const headers = originator === undefined ? [] : [['originator', originator] as const]
      return JSON.parse(responses()(createRedactor(), headers).complain(error)).status
    }
    expect([statusFor(missed), statusFor(missed, 'codex_exec'), statusFor(missed, 'app')]).toEqual([404, 400, 404])
    expect(statusFor(new DeltatapeError('busy', 'No'), 'codex_exec')).toBe(503)
  })

  test('does not repeat a key that the API sent', () => {
    const secret = `sk-${'proj'}-Ab3dEf6hIj9kLm2nOp5qRs8t`
    const { turn } = request()
    expect(turn.fail(new ModelError({ end: 'malformed', why: secret })).join('')).not.toContain(secret)
    expect(turn.error()?.message).not.toContain(secret)
  })
})

describe('a lane', () => {
  const events = compose('w').text(['a']).completed()
  const parsed = (texts: readonly string[]) => texts.map((text): unknown => JSON.parse(text))

  test('marks every message of its turn', () => {
    expect(request({ stream_id: 'lane-1' }).content).not.toContain('lane-1')
    expect(parsed(messagesFor(events, 'lane-1'))).toEqual(events.map((event) => ({ stream_id: 'lane-1', ...event })))
    const error = request({ stream_id: 'lane-1' }).turn.fail(new DeltatapeError('busy', 'Later.'))
    expect(parsed(error)).toMatchObject([{ type: 'error', stream_id: 'lane-1' }])
  })

  test('of the API itself stays where it stands; that of a recording is not of this client', () => {
    const inLane = events.map((event) => ({ ...event, stream_id: 'a' }))
    expect(messagesFor(inLane, 'a')).toEqual(textsOf(inLane))
    expect(messagesFor(inLane)).toEqual(textsOf(events))
    expect(parsed(messagesFor(inLane, 'b'))).toEqual(events.map((event) => ({ stream_id: 'b', ...event })))
  })
})
