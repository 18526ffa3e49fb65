import { expect, test } from 'vitest'
import { stepped } from '../../../web/parts/step.ts'

const NONE_HELD = { altKey: false, ctrlKey: false, metaKey: false, shiftKey: false }

test.each([
  ['ArrowDown', 5],
  ['k', 3],
  ['PageDown', 9],
  ['PageUp', 0],
  ['Home', 0],
  ['End', 9],
  ['x', undefined],
])('%s leads from row 4 of 10 to row %s', (key, to) => {
  expect(stepped({ ...NONE_HELD, key }, 4, 10)).toBe(to)
})

test.each(['altKey', 'ctrlKey', 'metaKey'] as const)('what is pressed with %s is for the browser', (held) => {
  for (const key of ['ArrowDown', 'j', 'Home', 'End', 'PageUp'])
    expect(stepped({ ...NONE_HELD, key, [held]: true }, 4, 10)).toBeUndefined()
})
