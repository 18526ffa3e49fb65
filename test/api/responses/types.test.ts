import type { ResponseStreamEvent } from 'openai/resources/responses/responses'
import { expect, expectTypeOf, test } from 'vitest'
import { EVENT_TYPES } from '../../../server/api/responses/types.ts'

test('are those of the installed SDK: tsc says where an update knows more', () => {
  expectTypeOf<(typeof EVENT_TYPES)[number]>().toEqualTypeOf<ResponseStreamEvent['type']>()
  expect(new Set(EVENT_TYPES).size).toBe(EVENT_TYPES.length)
})
