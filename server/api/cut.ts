/** Cuts a text into the pieces in which a model would have said it: words, and never within a character as people see it. */

/** How long a piece is at most, in characters as people see them: a word that is longer comes in several. */
const MAX_PIECE = 8

/** How many pieces a text is cut into at most: what is longer comes in larger ones. */
const MAX_PIECES = 2000

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Whether each character stands for itself, but for CR LF. */
const isPlain = (text: string): boolean => /^[\x20-\x7e\n\t]*$/.test(text)

const charactersOf = (text: string): Iterable<string> =>
  isPlain(text) ? text : Array.from(graphemes.segment(text), ({ segment }) => segment)

/** The pieces of a text, none of them empty; joined they are the text. A word has the space before it, as tokens have. */
export function cut(text: string): string[] {
  const pieces: string[] = []
  let piece = ''
  let length = 0
  let wasBlank = true
  for (const character of charactersOf(text)) {
    const isBlank = character.trim() === ''
    if (length === MAX_PIECE || (isBlank && !wasBlank)) {
      pieces.push(piece)
      piece = ''
      length = 0
    }
    piece += character
    length++
    wasBlank = isBlank
  }
  if (piece !== '') pieces.push(piece)
  const together = Math.ceil(pieces.length / MAX_PIECES)
  return together <= 1 ? pieces : inGroups(pieces, together)
}

const inGroups = (pieces: readonly string[], size: number): string[] =>
  Array.from({ length: Math.ceil(pieces.length / size) }, (_, index) =>
    pieces.slice(index * size, (index + 1) * size).join(''),
  )
