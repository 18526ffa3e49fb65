/** Text as it can be seen: what has no shape, or changes the direction of what follows, becomes a mark. Pure. */

/** A run of text, or a run of marks: `⟨202E⟩`. */
export interface Run {
  readonly text: string
  readonly isMark: boolean
}

/**
 * What is not seen: controls but for tab and line end, formats (direction, zero width, tags), halves of a pair, separators of lines
 * and paragraphs, fillers. What scripts and emoji are made of stays: a joiner after an emoji or a letter that takes one, the tags
 * of a flag, a variant of a sign, numbers' signs that have a shape.
 */
const UNSEEN = new RegExp(
  [
    String.raw`(?![\t\n\u0600-\u0605\u06DD\u070F\u0890\u0891\u08E2\u200C\u200D\u{110BD}\u{110CD}\u{E0020}-\u{E007F}])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]`,
    String.raw`[\u034F\u115F\u1160\u17B4\u17B5\u3164\uFFA0]`,
    String.raw`(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\p{M}\p{Script=Arabic}\p{Script=Mongolian}\p{Script=Syriac}])[\u200C\u200D]`,
    String.raw`(?<!\u{1F3F4}[\u{E0020}-\u{E007F}]{0,6})[\u{E0020}-\u{E007F}]`,
    String.raw`(?<!\p{Script=Han})[\u{E0100}-\u{E01EF}]`,
    String.raw`(?<=[\uFE00-\uFE0F])[\uFE00-\uFE0F]`,
  ].join('|'),
  'gu',
)

const markOf = (character: string): string =>
  `⟨${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`

/** The text in runs. Marks that follow each other are one run. */
export function runsOf(text: string): readonly Run[] {
  const runs: Run[] = []
  let [from, marks] = [0, '']
  const flush = (until: number): void => {
    if (from === until) return
    if (marks !== '') runs.push({ text: marks, isMark: true })
    marks = ''
    runs.push({ text: text.slice(from, until), isMark: false })
  }
  for (const { 0: character, index } of text.matchAll(UNSEEN)) {
    flush(index)
    marks += markOf(character)
    from = index + character.length
  }
  flush(text.length)
  if (marks !== '') runs.push({ text: marks, isMark: true })
  return runs
}

/** The same as one text, for where there can be nothing but text: a name, a title, a canvas. */
export const marked = (text: string): string => text.replace(UNSEEN, markOf)

/** In one line: tabs and line ends are spaces. */
export const inLine = (text: string): string => text.replace(/[\t\n\r]+/g, ' ')

/** The beginning of a text, at most so many UTF-16 units, and never half a pair. */
export function beginningOf(text: string, most: number): string {
  if (text.length <= most) return text
  const cut = text.slice(0, most)
  return /[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut
}
