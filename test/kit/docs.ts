/** The pages of the docs, as tests read them. */
import { readFile, readdir } from 'node:fs/promises'

/** Every page, with the README. */
export const PAGES = [
  'README.md',
  ...(await readdir('docs', { recursive: true }))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
    .toSorted(),
]

/** The text of a page. */
export const readPage = (file: string): Promise<string> => readFile(file, 'utf8')

/** What stands below a heading, to the next one. */
export function below(text: string, heading: string): string {
  const [, rest = ''] = `\n${text}`.split(`\n${heading}\n`)
  return rest.split(/^#/m)[0] ?? ''
}

/** The rows of the table below a heading, cell by cell. */
export function tableBelow(text: string, heading: string): string[][] {
  const [, rest = ''] = text.split(`${heading}\n`)
  const [, , ...rows] = (/(?:^\|.*\n)+/m.exec(rest)?.[0] ?? '').trimEnd().split('\n')
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

/** What stands as code in a cell. */
export const namesIn = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)

/** What stands as code in the first cells of all rows below a heading. */
export const firstNamesBelow = (text: string, heading: string): string[] =>
  [...below(text, heading).matchAll(/^\| (.+?) +\|/gm)].flatMap(([, cell]) => namesIn(cell))
