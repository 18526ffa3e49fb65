/** What the target of a request says. */
import { expect, test } from 'vitest'
import { hostAsked, splitTarget, withoutFault } from '../../server/serve/target.ts'

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
  ['', undefined, ''],
  ['?', undefined, ''],
  ['?a=1&b', undefined, '?a=1&b'],
  ['?a=1&fault=reset%407&b=%zz', 'reset@7', '?a=1&b=%zz'],
  ['?fault=', undefined, ''],
  ['?default=1', undefined, '?default=1'],
])('of the query %j the fault is %j, and %j is left', (search, fault, query) => {
  expect(withoutFault(search)).toEqual({ fault, query })
})

test.each([
  ['/v1/responses', 'localhost:3300', 'localhost:3300'],
  ['http://localhost:3300/v1/responses', 'LOCALHOST:3300', 'LOCALHOST:3300'],
  ['http://evil.example/v1/responses', 'localhost:3300', 'localhost:3300, evil.example'],
  ['HTTP://localhost:3300@evil.example\\x', undefined, ', localhost:3300@evil.example'],
])('the target %s and the header %s ask the host %j', (target, header, host) => {
  expect(hostAsked(target, header)).toBe(host)
})
