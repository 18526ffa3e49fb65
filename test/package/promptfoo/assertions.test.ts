import { expect, test } from 'vitest'
import { failedAsExpected, streamed } from '../../../server/package/promptfoo/assertions.ts'

type Response = NonNullable<Parameters<typeof streamed>[1]['providerResponse']>

const answered = (metadata: NonNullable<Response['metadata']>) => ({
  test: { metadata: { expectError: 'busy' } },
  providerResponse: { metadata },
})

test('an answer streamed if its deltas add up, whether or not somebody timed the first', () => {
  const fine = { deltas: 2, joinedEqualsMessage: true }
  expect(streamed('', answered({ ...fine, firstDeltaMs: 5 }))).toEqual({
    pass: true,
    score: 1,
    reason: '2 deltas, the first after 5 ms, add up to the message.',
  })
  expect(streamed('', answered(fine))).toMatchObject({ pass: true, reason: '2 deltas add up to the message.' })
})

test('it did not if none came, or if they are another text', () => {
  expect(streamed('', answered({ joinedEqualsMessage: true }))).toMatchObject({
    pass: false,
    reason: 'No delta came before the message.',
  })
  expect(streamed('', answered({ deltas: 2, joinedEqualsMessage: false }))).toMatchObject({
    pass: false,
    reason: 'The deltas do not add up to the message.',
  })
})

test('an error is as expected if it is that very one', () => {
  expect(failedAsExpected('', answered({ code: 'busy' }))).toMatchObject({ pass: true })
  expect(failedAsExpected('', answered({ code: 'internal' }))).toMatchObject({
    pass: false,
    reason: 'The code is internal, not busy.',
  })
  expect(failedAsExpected('', answered({}))).toMatchObject({ pass: false })
})
