/** Errors: what they become at each edge, and how they are told from other values. */
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { DeltatapeError, EXIT, MissError, edgesOf, isError, systemCode } from '../../server/base/errors.ts'

test('an error knows what it becomes at each edge', () => {
  expect(edgesOf('too_large')).toEqual({ http: 413, close: 1009 })
  expect(edgesOf('config_invalid')).toEqual({ exit: EXIT.notStarted })
  expect(new DeltatapeError('busy', 'Later.')).toMatchObject({
    name: 'DeltatapeError',
    code: 'busy',
    message: 'Later.',
  })
})

test('a miss names the fixture that it looked for', () => {
  const miss = new MissError('No fixture for this request.', 'say-hi-3f9a0c.jsonl')
  expect(miss).toBeInstanceOf(DeltatapeError)
  expect(miss).toMatchObject({ name: 'DeltatapeError', code: 'fixture_miss', fixture: 'say-hi-3f9a0c.jsonl' })
})

/** A value of another realm, as Node's errors are for code that a test runner keeps in a context of its own. */
const foreign = (code: string): unknown => runInNewContext(code)

describe('isError', () => {
  test.each(['new Error("x")', 'new TypeError("x")', 'new AggregateError([])', 'new (class Own extends Error {})()'])(
    '%s of another realm is one',
    (code) => {
      expect(foreign(code)).not.toBeInstanceOf(Error)
      expect(isError(foreign(code))).toBe(true)
    },
  )

  test('so is one of this realm, whatever made it', () => {
    expect([new Error('x'), new DOMException('x', 'AbortError'), new DeltatapeError('busy', 'x')].every(isError)).toBe(
      true,
    )
  })

  test.each([undefined, null, 'Error', {}, { message: 'x', stack: 'y' }])('%j is none', (value) => {
    expect(isError(value)).toBe(false)
  })
})

describe('systemCode', () => {
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })

  test('finds the code of a system error in what wraps it', () => {
    expect(systemCode(refused)).toBe('ECONNREFUSED')
    expect(systemCode(new TypeError('fetch failed', { cause: refused }))).toBe('ECONNREFUSED')
    expect(systemCode(new DeltatapeError('internal', 'x', { cause: refused }))).toBe('ECONNREFUSED')
    expect(systemCode(new TypeError('x', { cause: new AggregateError([refused, refused]) }))).toBe('ECONNREFUSED')
  })

  test('finds it in errors of another realm', () => {
    const made = 'Object.assign(new Error("open"), { code: "ENOENT" })'
    expect(systemCode(foreign(made))).toBe('ENOENT')
    expect(systemCode(foreign(`new Error("x", { cause: new AggregateError([${made}]) })`))).toBe('ENOENT')
  })

  test('finds none in what has none', () => {
    expect(systemCode(new Error('plain'))).toBeUndefined()
    expect(systemCode(new DeltatapeError('busy', 'Later.'))).toBeUndefined()
    expect(systemCode(new DOMException('gone', 'AbortError'))).toBeUndefined()
    expect(systemCode('no error')).toBeUndefined()
  })
})

test('keeps nothing alive but its message: no function that was running, and nothing that it held', () => {
  const { stack } = new DeltatapeError('busy', 'Later.')
  expect(stack).toBe('DeltatapeError: Later.')
})
