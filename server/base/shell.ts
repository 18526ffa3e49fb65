/** Words as a POSIX shell takes them, for commands that people are told. */

/** A text in quotes, so that a shell takes it as one word. */
export const inQuotes = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`

/** A word for a shell: in quotes if it needs them. */
export const forShell = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : inQuotes(word))
