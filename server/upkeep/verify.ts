/** What is wrong with fixtures: each by itself, and all of them together. No file is touched here. */
import { systemCode } from '../base/errors.ts'
import type { Match } from '../fixture/match.ts'
import { ahead } from '../store/ahead.ts'
import type { Picked } from '../store/pick.ts'
import type { Redactor } from '../redact/redactor.ts'
import { takeOf } from '../fixture/take.ts'
import { findSecrets } from '../redact/secretlint.ts'
import { type Checked, type SourceFile, checkFixture } from './check.ts'
import { createContinuing } from './continuing.ts'
import { addKind } from './leaks.ts'
import { type Problem, type ProblemKind, error, warning } from './problem.ts'

export interface VerifyOptions {
  /** What it would still redact is a secret. */
  readonly redactor: Redactor
  /** What counts for keys, if the user has a say in it. */
  readonly match?: Match | undefined
  /** What was recorded before is too old; in ms since 1970. */
  readonly oldest?: number | undefined
  /** Whether these are all the files that there are: then each conversation has to find its beginning among them. */
  readonly whole: boolean
  /** The names of all that stands beside fixtures, or may: what none of them takes is told of. */
  readonly beside?: readonly string[]
  /** The flags with which another command finds the same fixtures. */
  readonly flags?: readonly string[]
}

/** How much text is searched for secrets at once, in characters. */
const SEARCH_CHARS = 1024 * 1024

/**
 * Verifies files, in order. Gives all problems of one file at once, sorted by line, and an empty list if there are none.
 * Problems that show only when all files are known come last.
 */
export async function* verify(
  files: AsyncIterable<SourceFile>,
  { redactor, match, oldest, whole, beside = [], flags = [] }: VerifyOptions,
): AsyncGenerator<readonly Problem[]> {
  const nameByKey = new Map<string, Map<number, string>>()
  const taken = new Set<string>()
  const continuing = createContinuing(flags)
  let waiting: Checked[] = []
  let chars = 0

  for await (const file of files) {
    const checked = await checkFixture(file, redactor, { oldest, match, flags })
    const { name, header } = checked
    taken.add(checked.beside)
    if (header) {
      const takes = nameByKey.get(header.key) ?? new Map<number, string>()
      const other = takes.get(takeOf(header))
      nameByKey.set(header.key, takes)
      if (other === undefined) takes.set(takeOf(header), name)
      else checked.problems.push(error(name, 1, 'duplicate', `${other} has the same key: only one of them is replayed`))
      if (whole) continuing.take(name, header)
    }
    waiting.push(checked)
    chars += checked.pages.reduce((sum, { text }) => sum + text.length, 0)
    if (chars < SEARCH_CHARS) continue
    yield* await searched(waiting, redactor)
    waiting = []
    chars = 0
  }
  yield* await searched(waiting, redactor)

  if (!whole) return
  const missing = [...nameByKey.values()].flatMap(missingIn)
  if (missing.length > 0) yield missing
  const lost = continuing.problems()
  if (lost.length > 0) yield lost
  const orphans = beside.filter((name) => !taken.has(name))
  yield orphans.map((name) => warning(name, 1, 'orphan', 'it stands beside no fixture that takes it: remove it'))
}

/** The takes that are missing before others of the same call: replay would give those too early. */
function missingIn(takes: ReadonlyMap<number, string>): Problem[] {
  const numbers = [...takes.keys()].toSorted((a, b) => a - b)
  return numbers.flatMap((number, index) => {
    const before = numbers[index - 1] ?? 0
    if (number === before + 1) return []
    const lost = number === before + 2 ? `take ${before + 1} is` : `takes ${before + 1} to ${number - 1} are`
    return [
      error(takes.get(number) ?? '', 1, 'take', `it is take ${number}, and ${lost} missing: record the call again`),
    ]
  })
}

/** The problems of each file, with the secrets that are left in it. */
async function searched(files: readonly Checked[], redactor: Redactor): Promise<Problem[][]> {
  const pages = files.flatMap((checked) => checked.pages)
  const secrets = await findSecrets(pages.map(({ text }) => text))
  const byPage = new Map(pages.map((page, index) => [page, secrets[index] ?? []]))
  return files.map((checked) => {
    const kinds = new Map([...checked.secrets].map(([line, ours]) => [line, new Set(ours)]))
    for (const page of checked.pages) {
      for (const { offset, kind } of byPage.get(page) ?? []) addKind(kinds, page.lineAt(offset), kind)
    }
    const found = [...kinds].map(([line, each]): Problem => secretProblem(checked.name, line, [...each]))
    // A message may repeat a text of the file, and so a secret.
    const told = checked.problems.map((each) => ({ ...each, message: redactor.text(each.message) }))
    return limited([...told, ...found].toSorted((a, b) => a.line - b.line))
  })
}

/** How many problems of one kind are told of a file. */
const MAX_TOLD = 100

/** The first problems of each kind; of the others how many there are. */
function limited(problems: readonly Problem[]): Problem[] {
  const counts = new Map<ProblemKind, number>()
  const last = new Map<ProblemKind, Problem>()
  const told = problems.filter((each) => {
    const count = (counts.get(each.kind) ?? 0) + 1
    counts.set(each.kind, count)
    if (count <= MAX_TOLD) last.set(each.kind, each)
    return count <= MAX_TOLD
  })
  return told.map((each) => {
    const more = (counts.get(each.kind) ?? 0) - MAX_TOLD
    if (more <= 0 || last.get(each.kind) !== each) return each
    return { ...each, message: `${each.message} (and ${more.toLocaleString('en')} more like this)` }
  })
}

/** A rule of the redactor and one of secretlint for the same thing have similar names: the longer one is told. */
function secretProblem(name: string, line: number, kinds: readonly string[]): Problem {
  const plain = (kind: string) => kind.replaceAll('-', '')
  const told = kinds.filter(
    (kind) => !kinds.some((other) => other.length > kind.length && plain(other).startsWith(plain(kind))),
  )
  const what = told.length === 1 ? 'a secret' : 'secrets'
  return error(name, line, 'secret', `it holds ${what}: ${told.join(', ')}`)
}

/** A file that can be read. */
type Readable = Pick<Picked, 'name' | 'text' | 'beside'>

/** The texts of these files, in order. */
export const readFiles = (files: readonly Readable[]): AsyncGenerator<SourceFile> => ahead(files, readOne)

async function readOne({ name, text, beside }: Readable): Promise<SourceFile> {
  try {
    const content = await text()
    return { name, text: content, beside: await beside(content) }
  } catch (thrown) {
    const code = systemCode(thrown)
    if (code === undefined) throw thrown
    return { name, unreadable: code }
  }
}
