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
function below(text: string, heading: string): string {
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

/** The lines of the shell on a page, whole and without what is only said about them. */
export function linesOf(text: string): string[] {
  const blocks = [...text.matchAll(/^ *```(sh|console)\n([\s\S]*?)^ *```$/gm)].flatMap(([, kind, block = '']) => {
    // A text in quotes may go over several lines.
    const lines = block.replaceAll(/ *\\\n */g, ' ').match(/(?:"(?:\\.|[^"\\])*"|'[^']*'|[^\n"'])+/g) ?? []
    return kind === 'sh' ? lines : lines.filter((line) => line.startsWith('$ ')).map((line) => line.slice(2))
  })
  return blocks.map((line) => line.replace(/ +# .*$/, '').trim()).filter((line) => line !== '' && !line.startsWith('#'))
}

/** A call of deltatape as a shell reads it; keys that the docs do not write out are some key. */
export interface Command {
  readonly env: Readonly<Record<string, string>>
  readonly args: readonly string[]
}

/** The call of deltatape that a line is, if it is one and nothing else. */
export function commandIn(line: string): Command | undefined {
  const [before = '', after] = line.split(/(?:^|(?<= ))npx deltatape /)
  if (after === undefined || !/^(?:[A-Z_]+=\S* )*$/.test(before)) return undefined
  const words = [...after.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) => word.replaceAll(/['"]/g, ''))
  const env = [...before.matchAll(/([A-Z_]+)=(\S*)/g)].map(([, name = '', value = '']) => [
    name,
    value.replace('…', 'any-other-key'),
  ])
  return { env: Object.fromEntries(env), args: words }
}

/** The engine that a command works on: the scheme of its FIXTURES. */
export const engineIn = ({ env }: Command): string | undefined => /^(\w+):\/\//.exec(env.FIXTURES ?? '')?.[1]
