/** The names of a directory in pages, in their order, from what is known of its folders. */
import type { Clock } from '../../../base/clock.ts'
import type { Page } from '../../driver.ts'
import { createPieces } from '../../pieces.ts'
import { type Contents, type Raw, indexAmong, indexFor, rawOf, textOf } from './folder.ts'

/** How many names a page has: few enough that it costs little to make anew what was made of one. */
const PAGE = 250

/** What is known of each folder, by its name. */
type Folders = ReadonlyMap<Raw, { readonly contents: Contents | undefined }>

/** All names, in the very same pages but for those that have changed: who made something of a page finds it again. */
export function createWhole(folders: Folders, clock: Pick<Clock, 'now'>) {
  let whole: Page[] | undefined
  let changes = 0
  const forget = () => {
    whole = undefined
    changes++
  }
  return {
    /** What was listed holds no more. */
    forget,
    /** One name is there from now on, or not any more. */
    changed(name: Raw, isThere: boolean): void {
      changes++
      const at = whole ? pageFor(whole, name) : -1
      const page = whole?.[at] && changedPage(whole[at], name, isThere)
      if (whole && page && page.entries.length > 0 && page.entries.length < 2 * PAGE) whole = whole.with(at, page)
      else whole = undefined
    },
    async *pages(): AsyncGenerator<Page> {
      if (whole) return yield* whole
      const [before, all]: [number, Page[]] = [changes, []]
      for await (const page of pagesFrom(folders, '', '', clock)) {
        all.push(page)
        yield page
      }
      if (changes === before) whole = all
    },
  }
}

/** The place of the page in which a name stands, or would stand; -1 if there is none. */
function pageFor(pages: readonly Page[], name: Raw): number {
  const firstOf = (index: number) => rawAt(pages[index] ?? NO_PAGE, 0)
  const at = indexAmong(pages.length, firstOf, name)
  return at < pages.length && firstOf(at) === name ? at : Math.max(0, at - 1)
}

const NO_PAGE: Page = { entries: [] }

const rawAt = ({ entries }: Page, index: number): Raw => rawOf(entries[index]?.name ?? '')

function changedPage(page: Page, name: Raw, isThere: boolean): Page {
  const { entries } = page
  const at = indexAmong(entries.length, (index) => rawAt(page, index), name)
  const isKnown = at < entries.length && rawAt(page, at) === name
  return { entries: entries.toSpliced(at, isKnown ? 1 : 0, ...(isThere ? [{ name: textOf(name) }] : [])) }
}

/** The names that begin with a prefix and come after one, page by page. */
export async function* pagesFrom(
  folders: Folders,
  prefix: Raw,
  after: Raw,
  clock: Pick<Clock, 'now'>,
): AsyncGenerator<Page> {
  const pause = createPieces(clock)
  for (let names: Raw[] | undefined; names === undefined || names.length === PAGE;) {
    names = pageOf(folders, prefix, names?.at(-1) ?? after)
    if (names.length > 0) yield { entries: names.map((name) => ({ name: textOf(name) })) }
    await pause()
  }
}

/** The next names that begin with a prefix and come after one. */
function pageOf(folders: Folders, prefix: Raw, after: Raw): Raw[] {
  const names: Raw[] = []
  for (const name of namesFrom(folders, '', prefix > after ? prefix : after)) {
    if (!name.startsWith(prefix)) break
    if (name === after) continue
    if (names.push(name) === PAGE) break
  }
  return names
}

/** The names in a folder and below that do not come before one, in order: all of a folder stand where its own name does. */
function* namesFrom(folders: Folders, folder: Raw, from: Raw): Generator<Raw> {
  const isWithin = from.startsWith(folder)
  if (folder < from && !isWithin) return
  const entries = folders.get(folder)?.contents?.entries ?? []
  // The folder that holds it comes before it.
  const first = isWithin ? Math.max(0, indexFor(entries, from.slice(folder.length)) - 1) : 0
  for (let at = first; at < entries.length; at++) {
    const name = folder + (entries[at] ?? '')
    if (name.endsWith('/')) yield* namesFrom(folders, name, from)
    else if (name >= from) yield name
  }
}
