import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stretchesIn } from '../../server/redact/disguise.ts'

/** The same by looking at every character: groups of four that are ASCII, from each of the four places on. */
function everyStretch(text: string) {
  const found = new Set<string>()
  for (const { 0: run, index } of text.matchAll(/[A-Za-z0-9+/_-]{20,}/g)) {
    for (let phase = 0; phase < 4; phase++) {
      let begin: number | undefined
      const close = (groupsEnd: number, end: number) => {
        if (begin !== undefined && groupsEnd - begin >= 20) found.add(`${index + begin} ${index + end}`)
        begin = undefined
      }
      let at = phase
      for (; at + 4 <= run.length; at += 4) {
        const isAscii = Buffer.from(run.slice(at, at + 4), 'base64').every((byte) => byte < 128)
        if (isAscii) begin ??= at
        else close(at, at)
      }
      close(at, run.length)
    }
  }
  return [...found].toSorted()
}

test('finds all base64 that reads as ASCII, wherever it begins and ends', () => {
  const base64 = fc.string({ unit: 'binary-ascii', minLength: 8, maxLength: 60 }).map((text) => btoa(text))
  const other = fc.oneof(fc.constantFrom(' ', '=', '"', '.', 'é', 'abc', 'a'.repeat(19), 'b'.repeat(20)), fc.string())
  fc.assert(
    fc.property(fc.array(fc.oneof(base64, other), { maxLength: 8 }), (parts) => {
      const text = parts.join('')
      const found = stretchesIn(text).map(({ start, end }) => `${start} ${end}`)
      expect([...new Set(found)].toSorted()).toEqual(everyStretch(text))
    }),
    { numRuns: 500 },
  )
})
