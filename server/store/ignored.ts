/** Fixtures that git leaves out of a project: whoever checks it out does not get them. */
import { existsSync } from 'node:fs'
import { join, posix } from 'node:path'
import { marked } from '../base/command-line.ts'
import { printable } from '../base/text.ts'
import { askGit } from './git.ts'
import { besideName } from './read/beside.ts'

/** How long git may take, in ms. */
const PATIENCE_MS = 5000

/** What hides a path. Both are named from the top of the project, but for a file that is none of it. */
interface Rule {
  readonly file: string
  readonly line: string
  readonly pattern: string
  readonly path: string
}

/**
 * Says that git ignores fixtures, and what to do; undefined if it does not, or if nobody can tell: there is no git, or no
 * repository.
 *
 * @param dir the directory of the fixtures
 * @param names those of the fixtures in it
 */
export async function describeIgnored(dir: string, names: readonly string[]): Promise<string | undefined> {
  try {
    const placed = await askGit(['rev-parse', '--show-toplevel', '--show-prefix'], {
      folder: dir,
      timeoutMs: PATIENCE_MS,
    })
    const [top = '', prefix = ''] = placed.toString('utf8').split('\n')
    const folders = prefix.split('/').flatMap((part, at, parts) => (part ? [parts.slice(0, at + 1).join('/')] : []))
    const files = names.flatMap((name) => [name, besideName(name)]).map((name) => prefix + name)
    const told = await askGit(['check-ignore', '--verbose', '-z', '--stdin'], {
      folder: top,
      input: [...folders, ...files].join('\0'),
      timeoutMs: PATIENCE_MS,
    })
    const rules = rulesIn(told.toString('utf8'))
    const hidden = rules.filter(({ path }) => !folders.includes(path) && existsSync(join(top, path)))
    const rule = rules.find(({ path }) => folders.includes(path)) ?? hidden[0]
    // Of two files of one fixture, each may be hidden.
    const count = new Set(hidden.map(({ path }) => path.replace(/\.\w+$/, ''))).size
    return rule && count > 0 ? sentence(count, rule, prefix) : undefined
  } catch {
    return undefined
  }
}

/** What `check-ignore --verbose -z` writes. A rule that begins with `!` hides nothing. */
function rulesIn(told: string): readonly Rule[] {
  const words = told.split('\0')
  const rules: Rule[] = []
  for (let at = 0; at + 3 < words.length; at += 4) {
    const [file = '', line = '', pattern = '', path = ''] = words.slice(at, at + 4)
    if (!pattern.startsWith('!')) rules.push({ file, line, pattern, path })
  }
  return rules
}

function sentence(count: number, rule: Rule, prefix: string): string {
  const what = count === 1 ? 'a fixture' : `${count} fixtures`
  const where = `line ${rule.line} of ${printable(rule.file)} (${printable(rule.pattern)})`
  return `git ignores ${what} by ${where}, so nobody else gets ${count === 1 ? 'it' : 'them'}. ${mendOf(rule, prefix)}`
}

/** What undoes a rule for the fixtures alone. Nothing does where a folder around theirs is hidden, or theirs is the project. */
function mendOf({ file, path }: Rule, prefix: string): string {
  const isShared = posix.basename(file) === '.gitignore' && !posix.isAbsolute(file)
  const around = isShared ? file.slice(0, -'.gitignore'.length) : ''
  const isAround = prefix.startsWith(`${path}/`) && prefix !== `${path}/`
  if (prefix === '' || !prefix.startsWith(around) || isAround)
    return 'Take that line away, or name another folder in FIXTURES.'
  const line = `!/${escaped(prefix.slice(around.length))}${prefix === `${path}/` ? '' : '**'}`
  return isShared ? `Write ${marked(line)} below that line.` : `Write ${marked(line)} into .gitignore.`
}

const escaped = (path: string): string => printable(path.replaceAll(/[*?[\]\\]/g, String.raw`\$&`))
