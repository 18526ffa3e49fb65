/** The code of the docs, run as it is written: against a server on another port, that is all. */
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { BIN, QUIET } from './promptfoo.ts'

const run = promisify(execFile)

export interface Snippet {
  /** The heading it stands below, and its place there. */
  readonly name: string
  readonly language: string
  readonly code: string
}

/** The code of a page below a heading of the second level, and the headings in it; all of it without one. */
export async function snippetsBelow(file: string, heading?: string): Promise<Snippet[]> {
  const page = await readFile(file, 'utf8')
  const [section = ''] = heading === undefined ? [page] : (page.split(`\n## ${heading}\n`)[1] ?? '').split('\n## ')
  return section.split('\n### ').flatMap((part) => {
    const [title = ''] = part.split('\n')
    return [...part.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', code = ''], index) => ({
      name: `${title} ${index + 1}`,
      language,
      code,
    }))
  })
}

/** The examples that run on the bundled fixtures. */
export const bundledSnippets = (): Promise<Snippet[]> =>
  snippetsBelow('docs/clients.md', 'Examples on the fixtures of the checkout')

/** Runs a snippet against a server; gives what it writes. */
export async function runSnippet({ language, code }: Snippet, url: string, folder: string): Promise<string> {
  const here = code.replaceAll('http://127.0.0.1:3300', url)
  const { PATH = '', HOME = '' } = process.env
  const env = { PATH, HOME, ...QUIET, PROMPTFOO_CONFIG_DIR: folder }
  switch (language) {
    case 'js':
      return (await run(process.execPath, ['--input-type=module', '-e', here], { env })).stdout
    case 'ts':
      return (await run(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', here], { env })).stdout
    case 'sh':
      return (await run('sh', ['-c', here], { env })).stdout
    case 'yaml': {
      const file = join(folder, 'promptfooconfig.yaml')
      await writeFile(file, here)
      return (await run(process.execPath, [BIN, 'eval', '-c', file, '--no-cache'], { env })).stdout
    }
    default:
      throw new Error(`There is nothing that runs ${language}.`)
  }
}
