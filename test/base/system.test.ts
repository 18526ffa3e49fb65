import { expect, test } from 'vitest'
import { codeAndCure } from '../../server/base/system.ts'

test('a code of the system comes with what to do, be it one that nobody knows', () => {
  expect(codeAndCure('ENOSPC')).toBe('ENOSPC. The disk is full: make room on it.')
  expect(codeAndCure('EWHATEVER')).toBe('EWHATEVER. Look at it there, and try again.')
})
