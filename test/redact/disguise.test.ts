import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findDisguised } from '../../server/redact/disguise.ts'

/** What base64 in a text says, by looking at every character: groups of four that are ASCII, from each of the four places on. */
function everyStretch(text: string): string[] {
  const found = new Set<string>()
  for (const [run] of text.matchAll(/[A-Za-z0-9+/_-]{20,}/g)) {
    for (let phase = 0; phase < 4; phase++) {
      let begin: number | undefined
      const close = (groupsEnd: number, end: number) => {
        if (begin !== undefined && groupsEnd - begin >= 20)
          found.add(Buffer.from(run.slice(begin, end), 'base64').toString('latin1'))
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
      // Other forms are taken off, too.
      const text = parts.join('').replaceAll(/[%\\]/g, '')
      const said = new Set<string>()
      findDisguised(text, (plain) => {
        said.add(plain)
        return []
      })
      expect([...said].toSorted()).toEqual(everyStretch(text))
    }),
    { numRuns: 500 },
  )
})
