/** The list of models, which programs ask for when they start. */
import { expect, test } from 'vitest'
import { listModels } from '../../server/model/models.ts'
import { instant } from '../../server/model/pace.ts'
import { compose } from '../kit/answers.ts'
import { fixtureFor, fixtureOf, getCall, inOnePiece } from '../kit/fixtures.ts'
import { callOf } from '../kit/calls.ts'
import { bodyOf, drain, manualClock, openTestStore, replayFrom, temporaryFolder } from '../kit/tools.ts'

const EVENTS = compose('models').text(['Hi']).completed()

async function setUp() {
  const store = openTestStore(await temporaryFolder())
  const asked = [
    ['gpt-b', 'one'],
    ['gpt-a', 'one'],
    ['gpt-b', 'two'],
  ]
  for (const [model, input] of asked) await store.save(fixtureOf({ model, input }, EVENTS))
  return { store, model: listModels(replayFrom(store, instant, manualClock()), store) }
}

test('is that of the fixtures, sorted, each once', async () => {
  const { model } = await setUp()
  const { head, records, action } = await drain(model, getCall('/v1/models'))
  expect(head).toEqual({ status: 200, headers: [['content-type', 'application/json']], framing: 'json' })
  expect(JSON.parse(bodyOf(records))).toEqual({
    object: 'list',
    data: ['gpt-a', 'gpt-b'].map((id) => ({ id, object: 'model', created: 0, owned_by: 'deltatape' })),
  })
  expect(action).toBeUndefined()
})

test('is what the API said, if that was recorded', async () => {
  const { store, model } = await setUp()
  await store.save(fixtureFor(getCall('/v1/models'), inOnePiece({ object: 'list', data: [] })))
  const { records, action } = await drain(model, getCall('/v1/models'))
  expect(bodyOf(records)).toBe('{"object":"list","data":[]}')
  expect(action?.kind).toBe('hit')
})

test('is for nobody else: any other miss is one', async () => {
  const { model } = await setUp()
  for (const call of [getCall('/v1/models/gpt-a'), callOf({}, { path: '/v1/models' }), callOf({ input: 'x' })]) {
    expect((await drain(model, call)).error).toMatchObject({ code: 'fixture_miss' })
  }
})
