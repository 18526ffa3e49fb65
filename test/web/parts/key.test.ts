import { expect, test } from 'vitest'
import { keyOf, onKeys } from '../../../web/parts/key.ts'

const pressed = (key: string, held: Partial<Record<'altKey' | 'ctrlKey' | 'metaKey' | 'shiftKey', boolean>> = {}) => ({
  key,
  altKey: false,
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  ...held,
})

test.each([
  [pressed('j'), 'j'],
  [pressed('?', { shiftKey: true }), '?'],
  [pressed('ArrowLeft'), 'ArrowLeft'],
  [pressed('ArrowLeft', { shiftKey: true }), 'Shift+ArrowLeft'],
  [pressed('ArrowRight', { altKey: true }), 'Alt+ArrowRight'],
  [pressed(' '), 'Space'],
  [pressed('c', { metaKey: true }), 'Ctrl+c'],
])('%j is %s', (event, name) => expect(keyOf(event)).toBe(name))

test('keys are named as they stand on a keyboard', () => {
  expect(onKeys('Shift+ArrowLeft')).toEqual(['Shift', '←'])
  expect(onKeys('+')).toEqual(['+'])
  expect(onKeys('Ctrl++')).toEqual(['Ctrl', '+'])
  expect(onKeys('Escape')).toEqual(['Esc'])
})
