import { createContext, runInContext } from 'node:vm'
import { expect, test } from 'vitest'
import { ModelError } from '../../../server/api/ending.ts'
import { reset, unreachable } from '../../../server/model/transport/failure.ts'

const withCode = (code: string, message = 'Something') => Object.assign(new Error(message), { code })

test('says why by the code of the system, wherever it stands', () => {
  const error = unreachable(new TypeError('fetch failed', { cause: new AggregateError([withCode('ECONNREFUSED')]) }))
  expect(error).toBeInstanceOf(ModelError)
  expect(error.failure).toEqual({ end: 'unreachable', why: 'ECONNREFUSED' })
  expect(error.message).toBe('The API could not be reached: ECONNREFUSED.')
  expect(reset(withCode('ECONNRESET')).failure).toEqual({ end: 'reset', why: 'ECONNRESET' })
})

test('says it of errors from another realm', () => {
  const error: unknown = runInContext("Object.assign(new Error('x'), { code: 'EPIPE' })", createContext())
  expect(reset(error).failure).toEqual({ end: 'reset', why: 'EPIPE' })
})

test('says it in words if there is no code that tells it', () => {
  expect(unreachable(withCode('UND_ERR_ABORTED', 'Proxy response (407)')).failure.why).toBe('Proxy response (407)')
  expect(unreachable(new Error('It did not fit.')).failure.why).toBe('It did not fit.')
  expect(unreachable('odd').failure).toEqual({ end: 'unreachable' })
})
