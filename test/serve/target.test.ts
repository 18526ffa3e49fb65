/** What the target of a request says. */
import { expect, test } from 'vitest'
import { hostAsked, splitTarget, withoutManner } from '../../server/serve/target.ts'

test.each([
  ['/v1/responses?a=1&b=?', '/v1/responses', '?a=1&b=?'],
  ['/v1/responses?', '/v1/responses', '?'],
  ['http://localhost:3300/v1/responses?a=1', '/v1/responses', '?a=1'],
  ['//evil.example/v1/responses', '/evil.example/v1/responses', ''],
  ['///evil.example//v1/responses', '/evil.example//v1/responses', ''],
  ['/\\evil.example/v1/responses?a', '/evil.example/v1/responses', '?a'],
  ['/./evil.example/v1/../responses', '/evil.example/responses', ''],
  ['/v1/../health', '/health', ''],
  ['/v1/a%2Fb%zz/"|^', '/v1/a%2Fb%zz/"|^', ''],
  ['*', '/*', ''],
  ['http://[', '/', ''],
])('the target %s is the path %s and the query %j', (target, path, search) => {
  expect(splitTarget(target)).toEqual({ path, search })
})

test.each([
  ['', {}, ''],
  ['?', {}, ''],
  ['?a=1&b', {}, '?a=1&b'],
  ['?a=1&fault=reset%407&b=%zz', { fault: 'reset@7' }, '?a=1&b=%zz'],
  ['?fault=', {}, ''],
  ['?default=1', {}, '?default=1'],
  ['?pace=2x&a', { pace: '2x' }, '?a'],
  ['?a&p%61ce=15ms&fault=stall', { fault: 'stall', pace: '15ms' }, '?a'],
  ['?pace=2x&pace=instant', { pace: '2x' }, ''],
  ['?pace=', {}, ''],
  ['?spaced=1', {}, '?spaced=1'],
])('of the query %j the manner is %j, and %j is left', (search, manner, query) => {
  expect(withoutManner(search, () => undefined)).toEqual({ manner, query })
})

test('headers say it, too, where the query does not', () => {
  const header = (name: string) => ({ 'x-deltatape-fault': 'stall', 'x-deltatape-pace': '2x' })[name]
  expect(withoutManner('', header).manner).toEqual({ fault: 'stall', pace: '2x' })
  expect(withoutManner('?a%20b', header).manner).toEqual({ fault: 'stall', pace: '2x' })
  expect(withoutManner('?pace=instant&fault=', header).manner).toEqual({ fault: 'stall', pace: 'instant' })
})

test.each([
  ['/v1/responses', 'localhost:3300', 'localhost:3300'],
  ['http://localhost:3300/v1/responses', 'LOCALHOST:3300', 'LOCALHOST:3300'],
  ['http://evil.example/v1/responses', 'localhost:3300', 'localhost:3300, evil.example'],
  ['HTTP://localhost:3300@evil.example\\x', undefined, ', localhost:3300@evil.example'],
])('the target %s and the header %s ask the host %j', (target, header, host) => {
  expect(hostAsked(target, header)).toBe(host)
})
