/** Commands that are said again. */

/** How long a word may be that is said again. A program in one is not. */
const MAX_WORD_CHARS = 100

/** A word as a shell takes it. */
export function forShell(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word
  return word.length > MAX_WORD_CHARS || word.includes('\n') ? "'…'" : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
