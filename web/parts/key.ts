/** Keys by name. Pure. */

/** What a keyboard event says of the key. */
export interface Pressed {
  readonly key: string
  readonly altKey: boolean
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly shiftKey: boolean
}

/**
 * The name of what was pressed: `j`, `?`, `ArrowLeft`, `Shift+ArrowLeft`, `Alt+ArrowRight`, `Space`. Shift is part of a character
 * already; ⌘ counts as Ctrl.
 */
export function keyOf({ key, altKey, ctrlKey, metaKey, shiftKey }: Pressed): string {
  const name = key === ' ' ? 'Space' : key
  const isCharacter = name.length === 1
  const held = [ctrlKey || metaKey ? 'Ctrl+' : '', altKey ? 'Alt+' : '', shiftKey && !isCharacter ? 'Shift+' : '']
  return held.join('') + name
}

/** Names as they stand on keys. */
const ON_KEYS: Readonly<Record<string, string>> = {
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Escape: 'Esc',
  PageUp: 'Page Up',
  PageDown: 'Page Down',
}

/** The keys of a name, each as it stands on it: `['Shift', '←']`. */
export const onKeys = (name: string): string[] =>
  (name.length === 1 ? [name] : name.split(/\+(?=.)/)).map((key) => ON_KEYS[key] ?? key)
