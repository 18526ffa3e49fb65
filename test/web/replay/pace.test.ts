import { expect, test } from 'vitest'
import { parsePace } from '../../../server/model/pace.ts'
import { PACES, dueAt, paceIn } from '../../../web/replay/pace.ts'

test.each([...PACES, '0.5x', '3ms', '0ms'])('%s is due in the page when it is in the server', (word) => {
  const due = dueAt(paceIn(word)) ?? (() => 0)
  for (const [at, record] of [
    [0, 0],
    [160, 1],
    [15203.5, 2007],
  ] as const) {
    expect(due(at, record)).toBe(parsePace(word)(at, record))
  }
})

test.each([null, '', 'fast', '0x', '-1ms', '1s', '2 x', '__proto__'])(
  '%j in the address is the recorded pace',
  (word) => expect(paceIn(word)).toBe('recorded'),
)
