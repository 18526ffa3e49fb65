/** Which fixtures hold all of some words. Pure. */
import type { Row } from '../../server/serve/page/data.ts'

/** The rows that hold all words, in whatever case, in their name, question, model, API or ending. */
export function matching(rows: readonly Row[], text: string): readonly Row[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return rows
  return rows.filter(({ name, asked = '', model = '', api = '', ending }) => {
    const all = `${name}\n${asked}\n${model}\n${api}\n${ending}`.toLowerCase()
    return words.every((word) => all.includes(word))
  })
}
