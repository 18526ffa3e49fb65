import { expect, test } from 'vitest'
import { homeOf, isKnownPath, ownServices, servicesFor } from '../../server/api/hosts.ts'

test('a row of a name that every object has is a row that nobody knows', () => {
  for (const row of ['constructor', '__proto__', 'toString']) {
    const call = { row, path: '/v1/files', headers: [] }
    expect(homeOf(call)).toBe(homeOf({ ...call, row: 'unknown' }))
    expect(ownServices(call)).toEqual(ownServices({ ...call, row: 'unknown' }))
    expect(servicesFor(call)).toEqual(servicesFor({ ...call, row: 'unknown' }))
  }
})

test.each(['/upload/v1beta/files', '/upload/v1/files', '/download/v1beta/files/a:download'])(
  '%s is a path of Gemini, without a host in front of it',
  (path) => {
    expect(isKnownPath(path)).toBe(true)
    expect(homeOf({ row: 'any', path, headers: [] })?.name).toBe('Gemini')
  },
)
