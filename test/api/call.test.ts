import { expect, test } from 'vitest'
import { contentText } from '../../server/api/call.ts'
import { headerOf } from '../../server/api/headers.ts'

test('a header is found by its name, in whatever case it was sent', () => {
  const headers = [
    ['Content-Type', 'application/json'],
    ['content-typ', 'no'],
    ['X-Empty', ''],
  ] as const
  expect(headerOf(headers, 'content-type')).toBe('application/json')
  expect(headerOf(headers, 'x-empty')).toBe('')
  expect(headerOf(headers, 'x-none')).toBeUndefined()
})

test('several of one name are joined', () => {
  const headers = [
    ['accept', 'a/b'],
    ['x', '1'],
    ['Accept', 'c/d, e/f'],
  ] as const
  expect(headerOf(headers, 'accept')).toBe('a/b, c/d, e/f')
})

test('the content is text, wherever it stands in its memory', () => {
  const memory = Buffer.from('xx{"input":"Hé 👋"}xx')
  expect(contentText({ content: memory.subarray(2, -2) })).toBe('{"input":"Hé 👋"}')
  expect(contentText({ content: Uint8Array.of(0x61, 0xff) })).toBe('a\u{FFFD}')
})
