/** What every model does, whatever it answers from. */
import { describe, expect, test } from 'vitest'
import { DeltatapeError } from '../../server/base/errors.ts'
import type { JsonObject } from '../../server/base/json.ts'
import { MAX_BATCH_CHARS } from '../../server/api/event.ts'
import { ModelError, type Failure } from '../../server/api/ending.ts'
import { type Model } from '../../server/model/model.ts'
import { compose, steps, words } from '../kit/answers.ts'
import { sse, type Answer } from '../kit/standin.ts'
import { drain } from '../kit/tools.ts'

export const ASK: JsonObject = { model: 'gpt-4.1-mini', input: 'Say hi' }

/** Makes a model that answers requests by their input: each as the stand-in would answer it. */
export type MakeModel = (answers: Readonly<Record<string, Answer>>) => Promise<Model>

const text = compose('contract').text(words('Hello, 世界! 👋🏽')).completed()
const partial = compose('contract').text(words('The sea was calm')).cut().events
const partialSteps = steps(partial)
/** More than fits into a batch. */
const large = compose('large')
  .text(Array.from({ length: 60 }, (_, index) => `${index}${'x'.repeat(5000)}`))
  .completed()

const ENDED: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>> = {
  'a text': text,
  'an incomplete answer': compose('contract').text(['The']).incomplete('max_output_tokens'),
  'a failed response': compose('contract').text(['The']).cut().failed('server_error', 'It broke.'),
  'an error event and the failed response behind it': compose('contract').error('server_error', 'It broke.'),
  'a terminal event alone': [{ type: 'response.completed', response: { id: 'resp_x', status: 'completed' } }],
  'events without sequence numbers, of unknown types': [
    { type: 'response.apply_patch_call_operation_diff.delta', delta: 'x' },
    { type: 'keepalive' },
    { type: 'response.completed', response: {} },
  ],
}

const FAILED: Readonly<Record<string, { answer: Answer; failure: Failure; events?: number }>> = {
  'an HTTP error': {
    answer: {
      status: 429,
      headers: { 'retry-after': '20', 'x-request-id': 'req_1', 'set-cookie': 'secret=1' },
      body: '{\n "error": {"message": "Slow down", "code": "rate_limit_exceeded"}\n}',
    },
    failure: {
      end: 'refused',
      status: 429,
      headers: { 'content-type': 'application/json', 'retry-after': '20', 'x-request-id': 'req_1' },
      body: '{\n "error": {"message": "Slow down", "code": "rate_limit_exceeded"}\n}',
    },
  },
  'an HTTP error that is no JSON': {
    answer: { status: 502, headers: { 'content-type': 'text/html' }, body: '<h1>Bad gateway</h1>' },
    failure: { end: 'refused', status: 502, headers: { 'content-type': 'text/html' }, body: '<h1>Bad gateway</h1>' },
  },
  'a connection that breaks before the headers': {
    answer: { instead: 'reset' },
    failure: { end: 'unreachable', why: 'UND_ERR_SOCKET' },
  },
  'a connection that breaks in the middle': {
    answer: { steps: [...partialSteps, 'reset'] },
    failure: { end: 'reset', why: 'ECONNRESET' },
    events: partial.length,
  },
  'a body that ends too early': {
    answer: { steps: partialSteps },
    failure: { end: 'truncated' },
    events: partial.length,
  },
  'a body that is empty': { answer: { steps: [] }, failure: { end: 'truncated' } },
  '[DONE] without a terminal event': {
    answer: { steps: [...partialSteps, { raw: 'data: [DONE]\n\n' }, 'hang'] },
    failure: { end: 'truncated' },
    events: partial.length,
  },
  'a line that is no JSON': {
    answer: { steps: [...partialSteps, { raw: 'data: {"type":\n\n' }, ...steps(text)] },
    failure: { end: 'malformed', text: '{"type":' },
    events: partial.length,
  },
  'a page instead of a stream': {
    answer: { headers: { 'content-type': 'text/html' }, body: '<!doctype html>\n<p>Please log in</p>' },
    failure: { end: 'malformed', text: '<!doctype html>\n<p>Please log in</p>' },
  },
  'an answer that was not streamed': {
    answer: { body: '{"id":"resp_1","object":"response"}' },
    failure: { end: 'malformed', text: '{"id":"resp_1","object":"response"}' },
  },
}

export function testModel(makeModel: MakeModel): void {
  describe('contract', () => {
    test.each(Object.entries(ENDED))('hands on %s, event for event, and ends', async (input, events) => {
      const model = await makeModel({ [input]: { steps: steps(events) } })
      const answer = await drain(model, { ...ASK, input })
      expect(answer.error).toBeUndefined()
      expect(answer.events.map((event) => event.text)).toEqual(events.map((event) => JSON.stringify(event)))
      expect(answer.events.map(({ type, body }) => ({ ...body, type }))).toEqual(events)
    })

    test('hands on the very text, where JSON could be written otherwise', async () => {
      const odd = '{ "type" : "response.output_text.delta", "delta":"\\u00e9\u2028\\/", "n": 1.0 }'
      const model = await makeModel({ odd: { steps: [{ raw: `data: ${odd}\n\n` }, ...steps(text)] } })
      const { events } = await drain(model, { ...ASK, input: 'odd' })
      expect(events[0]?.text).toBe(odd)
    })

    test('goes no further than the terminal event, though the body stays open', async () => {
      const model = await makeModel({ open: { steps: [...steps(text), { event: { type: 'late' } }, 'hang'] } })
      const { events, error } = await drain(model, { ...ASK, input: 'open' })
      expect(error).toBeUndefined()
      expect(events.at(-1)?.type).toBe('response.completed')
    })

    test('cuts what is ready into batches of a bearable size', async () => {
      const model = await makeModel({ large: { steps: [{ raw: large.map(sse).join('') }] } })
      let total = 0
      for await (const batch of model({ body: { ...ASK, input: 'large' } }, new AbortController().signal)) {
        const size = batch.reduce((sum, event) => sum + event.text.length, 0)
        expect(batch.length).toBeGreaterThan(0)
        if (batch.length > 1) expect(size).toBeLessThanOrEqual(MAX_BATCH_CHARS)
        total += batch.length
      }
      expect(total).toBe(large.length)
    })

    test.each(Object.entries(FAILED))('says of %s what it was', async (input, { answer, failure, events = 0 }) => {
      const model = await makeModel({ [input]: answer })
      const got = await drain(model, { ...ASK, input })
      expect(got.error).toBeInstanceOf(ModelError)
      expect(got.error).toMatchObject({ failure })
      expect(got.events).toHaveLength(events)
    })

    test('gives concurrent requests each its own answer', async () => {
      const inputs = Array.from({ length: 20 }, (_, index) => `question ${index}`)
      const answers = inputs.map((input) => [
        input,
        {
          steps: steps(
            compose(input)
              .text(words(`answer to ${input}`))
              .completed(),
          ),
        },
      ])
      const model = await makeModel(Object.fromEntries(answers))
      const got = await Promise.all(inputs.map((input) => drain(model, { ...ASK, input })))
      for (const [index, { events }] of got.entries()) {
        expect(events.find(({ type }) => type === 'response.output_text.done')?.body.text).toBe(
          `answer to question ${index}`,
        )
      }
    })

    test('does not begin for a signal that is aborted already', async () => {
      const model = await makeModel({ 'Say hi': { steps: steps(text) } })
      const reason = new DeltatapeError('cancelled', 'Stop.')
      expect(await drain(model, ASK, AbortSignal.abort(reason))).toMatchObject({ events: [], error: reason })
    })

    test('stops for its signal between two batches, with its reason', async () => {
      const model = await makeModel({ 'Say hi': { steps: steps(large) } })
      const abort = new AbortController()
      const reason = new DeltatapeError('cancelled', 'Stop.')
      const iterator = model({ body: ASK }, abort.signal)[Symbol.asyncIterator]()
      expect((await iterator.next()).done).toBe(false)
      abort.abort(reason)
      const rest = (async () => {
        for (;;) if ((await iterator.next()).done) return 'ended'
      })()
      await expect(rest).rejects.toBe(reason)
    })
  })
}
