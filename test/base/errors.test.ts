import { expect, test } from 'vitest'
import { DeltatapeError, edgesOf, systemCode } from '../../server/base/errors.ts'

test('an error knows what it is at each edge', () => {
  expect(edgesOf('too_large')).toEqual({ http: 413, close: 1009 })
  expect(edgesOf('config_invalid')).toEqual({ exit: 1 })
  expect(new DeltatapeError('busy', 'Later.')).toMatchObject({
    name: 'DeltatapeError',
    code: 'busy',
    message: 'Later.',
  })
})

test('the code of a system error is found behind what wraps it', () => {
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
  expect(systemCode(refused)).toBe('ECONNREFUSED')
  expect(systemCode(new TypeError('fetch failed', { cause: refused }))).toBe('ECONNREFUSED')
  expect(systemCode(new TypeError('x', { cause: new AggregateError([refused, refused]) }))).toBe('ECONNREFUSED')
  expect(systemCode(new Error('plain'))).toBeUndefined()
  expect(systemCode('no error')).toBeUndefined()
})
