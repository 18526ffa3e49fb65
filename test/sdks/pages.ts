/** The pages of the docs about clients, as tests read them: their code with what it prints, and their table of outcomes. */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'

const FOLDER = 'docs/clients'

/** A block of code that runs as it is written, and what it prints. */
export interface Block {
  /** The heading that it stands below. */
  readonly name: string
  readonly code: string
  readonly prints: string
}

export interface Page {
  /** The name of its file. */
  readonly name: string
  readonly text: string
  readonly blocks: readonly Block[]
  /** The code of a server that its examples need. */
  readonly server?: string
}

const BLOCK = /^```js\n([\s\S]*?)^```\n+```text\n([\s\S]*?)^```$/gm

/** All pages, by the names of their files. */
export async function readPages(): Promise<Page[]> {
  const files = (await readdir(FOLDER)).filter((file) => file.endsWith('.md')).toSorted()
  return Promise.all(
    files.map(async (file) => {
      const text = await readFile(join(FOLDER, file), 'utf8')
      const blocks = text.split(/^## /m).flatMap((section) => {
        const [name = ''] = section.split('\n')
        return [...section.matchAll(BLOCK)].map(([, code = '', prints = '']) => ({ name, code, prints }))
      })
      const [, server] = /^```mjs\n([\s\S]*?)^```$/m.exec(text) ?? []
      return { name: file.slice(0, -'.md'.length), text, blocks, ...(server === undefined ? {} : { server }) }
    }),
  )
}

const cellsOf = (row: string): string[] =>
  row
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll('`', ''))

/**
 * What a page says of a client when something goes wrong.
 *
 * @param name the name of the page, and that of a column of its last table
 * @returns by the names of the rows: the class of an error, or the words of the cell
 */
export async function outcomesOf(name: string): Promise<Readonly<Record<string, string>>> {
  const [page = '', column = ''] = name.split(' ')
  const text = await readFile(join(FOLDER, `${page}.md`), 'utf8')
  const [, section = ''] = text.split('\n## What goes wrong\n')
  const [head = '', , ...rows] = section.split('\n').filter((line) => line.startsWith('|'))
  const at = cellsOf(head).indexOf(column)
  if (at < 1) throw new Error(`The page ${page} has no column ${column}.`)
  return Object.fromEntries(rows.map(cellsOf).map((cells) => [cells[0] ?? '', cells[at] ?? '']))
}

/** What a page says of a stream that its client takes for a whole one. */
export const ENDS = 'ends as if it were whole'
