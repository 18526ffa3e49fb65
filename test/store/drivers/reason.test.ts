/** What a library of an engine says, in one line. */
import { expect, test } from 'vitest'
import { reasonOf } from '../../../server/store/drivers/reason.ts'

test('has no point at its end', () => {
  expect(reasonOf(new Error('It is away. . .\nAnd more.')).said).toBe('It is away')
})

test('takes linear time, whatever an engine says', () => {
  const said = '. '.repeat(500_000)
  expect(reasonOf(new Error(`${said}x`)).said).toBe(`${said}x`)
  expect(reasonOf(new Error(', with args beginning'.repeat(50_000))).said).toMatch(/^, with/)
})
