/** What every model does, whatever it answers from. */
import { describe, expect, test } from 'vitest'
import { ModelError } from '../../server/api/ending.ts'
import { keptHeaders } from '../../server/api/headers.ts'
import { MAX_BATCH_CHARS, bytesOf } from '../../server/api/record.ts'
import { DeltatapeError } from '../../server/base/errors.ts'
import type { Model } from '../../server/model/model.ts'
import { compose, steps, words } from '../kit/answers.ts'
import { type Answer, type StandIn, sse } from '../kit/standin.ts'
import { byInput, drain, runStandIn } from '../kit/tools.ts'
import { BODIES, ENDED, FAILED, answerWith, callFor, large, partial, text } from './scripts.ts'

/** Makes a model that answers calls by their input: each as the stand-in would answer it. */
export type MakeModel = (answers: Readonly<Record<string, Answer>>) => Promise<Model>

const never = () => new AbortController().signal

/** What has to do with promises alone has run. */
async function microtasks(): Promise<void> {
  for (let count = 0; count < 100; count++) await undefined
}

/** @param seeds how often bodies are cut anew */
export function testModel(makeModel: MakeModel, seeds: readonly string[] = ['one']): void {
  describe('a model', () => {
    test.each(Object.entries(ENDED))('hands on %s, event for event, and ends', async (input, events) => {
      const model = await makeModel({ [input]: { steps: steps(events) } })
      const answer = await drain(model, callFor(input))
      expect(answer.error).toBeUndefined()
      expect(answer.head).toMatchObject({ status: 200, framing: 'sse' })
      expect(answer.events.map((event) => event.text)).toEqual(events.map((event) => JSON.stringify(event)))
      expect(answer.events.map(({ type, body }) => ({ ...body, type }))).toEqual(events)
      expect(answer.records.map(({ wire }) => wire)).toEqual(events.map(sse))
    })

    test.each(Object.entries(BODIES))('hands on %s, byte for byte, however it was cut', async (input, script) => {
      for (const seed of seeds) {
        const model = await makeModel({ [input]: answerWith(script, seed) })
        const { head, records, error } = await drain(model, callFor(input))
        expect(error).toBeUndefined()
        expect(head?.status).toBe(script.status ?? 200)
        expect(head?.framing).toBe(script.framing)
        expect(keptHeaders(head?.headers ?? [], 'POST')).toEqual([
          ['content-type', script.type],
          ['x-request-id', 'req_1'],
        ])
        expect(bytesOf(records).equals(Buffer.from(script.body))).toBe(true)
        const times = records.map(({ at }) => at)
        expect(times).toEqual(times.toSorted((a, b) => a - b))
        expect(times.every((at) => Number.isInteger(at) && at >= 0)).toBe(true)
      }
    })

    test.each(Object.entries(FAILED))('says of %s what it was, after the last record', async (input, failing) => {
      const { answer, failure, events = 0, body } = failing
      const got = await drain(await makeModel({ [input]: answer }), callFor(input))
      expect(got.error).toBeInstanceOf(ModelError)
      expect(got.error).toMatchObject({ failure, code: `upstream_${failure.end}` })
      expect(got.events).toHaveLength(events)
      expect(got.head && bytesOf(got.records).toString()).toBe(body)
      expect(got.head?.status).toBe(body === undefined ? undefined : (answer.status ?? 200))
    })

    test('takes what follows the end to be waited for a moment only', async () => {
      const after = ': ping\n\ndata: [DONE]\n\n'
      const model = await makeModel({ open: { steps: [...steps(text), { raw: after }, 'hang'] } })
      const { records, error } = await drain(model, callFor('open'))
      expect(error).toBeUndefined()
      expect(bytesOf(records).toString()).toBe(text.map(sse).join('') + after)
    })

    test('cuts what is ready into batches of a bearable size', async () => {
      const model = await makeModel({ large: { steps: [{ raw: large.map(sse).join('') }] } })
      const { records } = await model(callFor('large'), never())
      let total = 0
      for await (const { items } of records) {
        const size = items.reduce((sum, { wire }) => sum + wire.length, 0)
        expect(items.length).toBeGreaterThan(0)
        if (items.length > 1) expect(size).toBeLessThanOrEqual(MAX_BATCH_CHARS)
        total += items.length
      }
      expect(total).toBe(large.length)
    })

    test('gives concurrent calls each its own answer', async () => {
      const inputs = Array.from({ length: 20 }, (_, index) => `question ${index}`)
      const events = (input: string) =>
        compose(input)
          .text(words(`answer to ${input}`))
          .completed()
      const model = await makeModel(Object.fromEntries(inputs.map((input) => [input, { steps: steps(events(input)) }])))
      const got = await Promise.all(inputs.map((input) => drain(model, callFor(input))))
      expect(got.map(({ records }) => bytesOf(records).toString())).toEqual(
        inputs.map((input) => events(input).map(sse).join('')),
      )
    })

    test('does not begin for a signal that is aborted already', async () => {
      const model = await makeModel({ hi: { steps: steps(text) } })
      const reason = new DeltatapeError('cancelled', 'Stop.')
      expect(await drain(model, callFor('hi'), AbortSignal.abort(reason))).toMatchObject({
        head: undefined,
        records: [],
        error: reason,
      })
    })

    test('stops for its signal between two batches, with its reason', async () => {
      const model = await makeModel({ large: { steps: steps(large) } })
      const abort = new AbortController()
      const reason = new DeltatapeError('cancelled', 'Stop.')
      const { records } = await model(callFor('large'), abort.signal)
      const reading = (async () => {
        for await (const { items } of records) if (items.length > 0) abort.abort(reason)
      })()
      await expect(reading).rejects.toBe(reason)
    })
  })
}

/** Makes a model that calls the API. */
export type MakeCaller = (standIn: StandIn) => Promise<Model>

/** What every model does that calls the API, whatever it makes of the answer. */
export function testCaller(makeCaller: MakeCaller): void {
  const setUp = async (answer: Answer) => {
    const standIn = await runStandIn(byInput({ hi: answer }))
    const abort = new AbortController()
    const model = await makeCaller(standIn)
    return { standIn, abort, model, ask: () => model(callFor('hi'), abort.signal) }
  }

  describe('a model that calls the API', () => {
    test.each([200, 400])('gives the head of an answer with status %i before anything follows it', async (status) => {
      const gate = Promise.withResolvers<void>()
      const { ask } = await setUp({ status, steps: [{ until: gate.promise }, ...steps(text)] })
      const { head, records } = await ask()
      expect(head.status).toBe(status)
      gate.resolve()
      let count = 0
      for await (const { items } of records) count += items.length
      expect(count).toBeGreaterThan(0)
    })

    test('hands on each record before the next was sent, comments too', async () => {
      const sent = [': ping\n\n', ...partial.map(sse)]
      const gates = sent.map(() => Promise.withResolvers<void>())
      const { ask } = await setUp({
        steps: [
          ...sent.flatMap((raw, index) => [{ raw }, { until: gates[index]?.promise ?? Promise.resolve() }]),
          ...steps(text.slice(-1)),
        ],
      })
      const seen: unknown[] = []
      for await (const { items } of (await ask()).records) {
        seen.push(...items.map(({ wire }) => wire))
        gates[seen.length - 1]?.resolve()
      }
      expect(seen).toEqual([...sent, ...text.slice(-1).map(sse)])
    })

    test.each<[string, Answer]>([
      ['before the head', { instead: 'hang' }],
      ['after the head', { steps: ['hang'] }],
      ['in the middle', { steps: [...steps(partial), 'hang'] }],
      ['in the middle of an HTTP error', { status: 400, steps: [{ raw: '{' }, 'hang'] }],
    ])('ends at once when its signal is aborted %s, and lets go of the connection', async (_when, answer) => {
      const { standIn, abort, ask } = await setUp(answer)
      let reason: unknown
      let count = 0
      const reading = (async () => {
        for await (const { items } of (await ask()).records) count += items.length
      })().catch((error: unknown) => (reason = error))
      while (standIn.calls.length === 0) await new Promise((resolve) => setImmediate(resolve))
      const begun = answer.steps?.filter((step) => typeof step === 'object' && 'event' in step) ?? []
      while (count < begun.length) await new Promise((resolve) => setImmediate(resolve))
      const enough = new Error('enough')
      abort.abort(enough)
      await microtasks()
      expect(reason).toBe(enough)
      await reading
      expect(await standIn.calls[0]?.closed).toEqual({ whole: false })
    })

    test('calls once, whatever comes of it', async () => {
      const { standIn, ask, abort } = await setUp({ status: 503, body: '{}' })
      const { records } = await ask()
      for await (const { items } of records) expect(items).toHaveLength(1)
      abort.abort(new Error('late'))
      expect(standIn.calls).toHaveLength(1)
    })
  })
}
