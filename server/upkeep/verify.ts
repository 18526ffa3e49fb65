/** What is wrong with fixtures: each by itself, and all of them together. No file is touched here. */
import { systemCode } from '../base/errors.ts'
import type { Redactor } from '../redact/redactor.ts'
import { findSecrets } from '../redact/secretlint.ts'
import type { Store } from '../store/store.ts'
import { type Checked, type Problem, type SourceFile, checkFixture, error, warning } from './check.ts'
import { addKind } from './leaks.ts'

export interface VerifyOptions {
  /** What it would still redact is a secret. */
  readonly redactor: Redactor
  /** What was recorded before is too old; in ms since 1970. */
  readonly oldest?: number | undefined
  /** Whether the files are all that there are, so that a conversation has to find its beginning among them. */
  readonly whole: boolean
}

/** How much text is searched for secrets at once, in characters. */
const SEARCH_CHARS = 1024 * 1024

/**
 * Verifies files, in order. Gives all problems of one file at once, sorted by line, an empty list where there are none;
 * in the end those that show only when all files are known.
 */
export async function* verify(
  files: AsyncIterable<SourceFile>,
  { redactor, oldest, whole }: VerifyOptions,
): AsyncGenerator<readonly Problem[]> {
  const nameByKey = new Map<string, string>()
  const continued: { name: string; previousKey: string }[] = []
  let waiting: Checked[] = []
  let chars = 0

  const search = async (): Promise<Problem[][]> => {
    const pages = waiting.flatMap((checked) => checked.pages)
    const secrets = await findSecrets(pages.map(({ text }) => text))
    const byPage = new Map(pages.map((page, index) => [page, secrets[index] ?? []]))
    const done = waiting.map((checked) => {
      const kinds = new Map([...checked.secrets].map(([line, ours]) => [line, new Set(ours)]))
      for (const page of checked.pages) {
        for (const { offset, kind } of byPage.get(page) ?? []) addKind(kinds, page.lineAt(offset), kind)
      }
      const found = [...kinds].map(([line, each]): Problem => secretProblem(checked.name, line, [...each]))
      // A text of the file that is named in a message may hold one, too.
      const told = checked.problems.map((each) => ({ ...each, message: redactor.text(each.message) }))
      return [...told, ...found].toSorted((a, b) => a.line - b.line)
    })
    waiting = []
    chars = 0
    return done
  }

  for await (const file of files) {
    const checked = checkFixture(file, redactor, oldest)
    const { name, header } = checked
    if (header) {
      const other = nameByKey.get(header.key)
      if (other === undefined) nameByKey.set(header.key, name)
      else checked.problems.push(error(name, 1, 'duplicate', `${other} has the same key: only one of them is replayed`))
      if (header.previousKey !== undefined) continued.push({ name, previousKey: header.previousKey })
    }
    waiting.push(checked)
    chars += checked.pages.reduce((sum, { text }) => sum + text.length, 0)
    if (chars >= SEARCH_CHARS) yield* await search()
  }
  yield* await search()

  if (!whole) return
  const lost = continued.filter(({ previousKey }) => !nameByKey.has(previousKey))
  if (lost.length > 0) {
    const message = 'it continues an answer that no fixture here holds, so no conversation comes to it'
    yield lost.map(({ name }) => warning(name, 1, 'conversation', message))
  }
}

/** A rule of the redactor and one of secretlint for the same thing are named alike: it is told once. */
function secretProblem(name: string, line: number, kinds: readonly string[]): Problem {
  const plain = (kind: string) => kind.replaceAll('-', '')
  const told = kinds.filter(
    (kind) => !kinds.some((other) => other.length > kind.length && plain(other).startsWith(plain(kind))),
  )
  const what = told.length === 1 ? 'a secret' : 'secrets'
  return error(name, line, 'secret', `it holds ${what}: ${told.join(', ')}`)
}

const READS_AT_ONCE = 32

/** The files with these names, in order, some of them read ahead. */
export async function* readFiles(store: Store, names: readonly string[]): AsyncGenerator<SourceFile> {
  const read = (start: number) =>
    Promise.all(names.slice(start, start + READS_AT_ONCE).map((name) => readOne(store, name)))
  let next = read(0)
  for (let start = 0; start < names.length; start += READS_AT_ONCE) {
    const files = await next
    next = read(start + READS_AT_ONCE)
    yield* files
  }
}

async function readOne(store: Store, name: string): Promise<SourceFile> {
  try {
    return { name, text: await store.text(name) }
  } catch (thrown) {
    const code = systemCode(thrown)
    if (code === undefined) throw thrown
    return { name, unreadable: code }
  }
}
