import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Match, matchesInPieces, merged, replace, secretAt } from '../../server/redact/match.ts'

test('of matches that overlap the first counts, and hides the others', () => {
  const text = '0123456789'
  const found = [
    secretAt(6, 9, 'c'),
    secretAt(2, 4, 'b'),
    secretAt(2, 5, 'a'),
    secretAt(2, 5, 'z'),
    secretAt(4, 7, 'd'),
  ]
  expect(merged(text, found)).toEqual([{ ...secretAt(2, 7, 'a'), end: 9 }])
  expect(merged('a [redacted:a]', [secretAt(2, 14, 'a')])).toEqual([])
})

test('pieces of a text, redacted, are the text, redacted', () => {
  const match = fc.tuple(fc.nat(50), fc.nat(50)).map(([a, b]) => secretAt(Math.min(a, b), Math.max(a, b) + 1, 'x'))
  fc.assert(
    fc.property(fc.array(match, { maxLength: 6 }), fc.array(fc.nat(60), { maxLength: 8 }), (found, cuts) => {
      const text = 'abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefgh'
      const matches: Match[] = merged(text, found)
      const at = [0, ...cuts.toSorted((a, b) => a - b), text.length]
      const pieces = at.slice(1).map((end, index) => text.slice(at[index], end))
      const told: string[] = []
      const written = matchesInPieces(pieces, matches).map((inside, index) =>
        replace(pieces[index] ?? '', inside, (kind) => told.push(kind)),
      )
      expect(written.join('')).toBe(replace(text, matches))
      expect(told).toHaveLength(matches.length)
    }),
  )
})
