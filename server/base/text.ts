/** Texts for people: control characters made visible, names with wildcards. */

/** The pattern for a name, whole and in this case, in which `*` stands for anything. */
export function patternOf(name: string): RegExp {
  const parts = name.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`))
  return new RegExp(`^${parts.join('.*')}$`, 's')
}

/** Characters that act on a terminal, or that reorder what is read on it. */
const CONTROL = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu

/** The same but for line feeds. */
const CONTROL_IN_LINES = new RegExp(`(?!\\n)${CONTROL.source}`, 'gu')

const escaped = (character: string): string => String.raw`\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** Makes control characters of a text visible, so that what a client sent cannot write lines of its own. */
export const printable = (text: string): string => text.replace(CONTROL, escaped)

/** The same for a text that may have several lines. */
export const printableLines = (text: string): string => text.replace(CONTROL_IN_LINES, escaped)
