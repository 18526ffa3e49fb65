import { expect, test } from 'vitest'
import { DeltatapeError } from '../../server/base/errors.ts'
import type { Call } from '../../server/api/call.ts'
import { readItems } from '../../server/fixture/written.ts'
import { identify } from '../../server/fixture/key.ts'
import type { Model } from '../../server/model/model.ts'
import { instant } from '../../server/model/pace.ts'
import { written } from '../../server/model/written.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { drain, manualClock } from '../kit/tools.ts'
import { FORMS, callFor } from '../kit/written.ts'

const [form] = FORMS
if (!form) throw new Error('There is no form.')

const inner: Model = async () => {
  throw new DeltatapeError('fixture_miss', 'nothing')
}

const setUp = () => {
  const clock = manualClock()
  const options = { pace: instant, clock, identify: async (call: Call) => identify(call, createRedactor()) }
  return { clock, model: written(inner, options) }
}

const wanting = (...items: Parameters<typeof readItems>): Call => ({
  ...callFor(form, 'Say hi'),
  wanted: readItems(...items),
})

test('a call that wants nothing gets what the inner model gives, by one step', () => {
  const { model } = setUp()
  const call = callFor(form, 'Say hi')
  const answer = Promise.resolve({ head: { status: 200, headers: [], framing: 'json' as const }, records: [] })
  const given = written(() => answer, { pace: instant, clock: manualClock(), identify: () => Promise.reject() })
  expect(given(call, new AbortController().signal)).toBe(answer)
  return expect(drain(model, call)).resolves.toMatchObject({ error: { code: 'fixture_miss' } })
})

test('what is wanted is given, and the inner model never asked', async () => {
  const { action, head, error } = await drain(setUp().model, wanting({ type: 'text', text: 'Hello' }))
  expect([action?.kind, head?.status, error]).toEqual(['written', 200, undefined])
})

test('its own pace counts, whatever that of replay is', async () => {
  const { clock, model } = setUp()
  const drained = drain(
    model,
    wanting([
      { type: 'text', text: 'Hello' },
      { type: 'pace', ms: 100 },
    ]),
  )
  let isOver = false
  void drained.then(() => (isOver = true))
  await clock.advance(899)
  expect(isOver).toBe(false)
  await clock.advance(1)
  expect((await drained).records).toHaveLength(9)
})

test('a client that left gets nothing', async () => {
  const signal = AbortSignal.abort(new DeltatapeError('cancelled', 'gone'))
  expect(await drain(setUp().model, wanting({ type: 'text', text: 'x' }), signal)).toMatchObject({
    error: { code: 'cancelled' },
  })
})

test('what its API cannot say is told to the client', async () => {
  const call = { ...callFor({ path: '/api/chat', body: () => ({ model: 'llama' }) }, ''), wanted: readItems([]) }
  expect(await drain(setUp().model, call)).toMatchObject({ error: { code: 'invalid_input' } })
})
