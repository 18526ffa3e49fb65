import { expect, test } from 'vitest'
import { homeOf, ownServices, servicesFor } from '../../server/api/hosts.ts'

test('a row of a name that every object has is a row that nobody knows', () => {
  for (const row of ['constructor', '__proto__', 'toString']) {
    const call = { row, path: '/v1/files', headers: [] }
    expect(homeOf(call)).toBe(homeOf({ ...call, row: 'unknown' }))
    expect(ownServices(call)).toEqual(ownServices({ ...call, row: 'unknown' }))
    expect(servicesFor(call)).toEqual(servicesFor({ ...call, row: 'unknown' }))
  }
})
