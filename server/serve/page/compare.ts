/** Two fixtures beside each other, or one and what git has of it, as the page is told them. */
import { join } from 'node:path'
import { type JsonValue, asText } from '../../base/json.ts'
import { forShell } from '../../base/shell.ts'
import { type RunChange, compare } from '../../fixture/compare.ts'
import type { StoredFixture } from '../../fixture/fixture.ts'
import { type MemberChange, changesOf } from '../../fixture/members.ts'
import { pairUp, wordChanges } from '../../fixture/words.ts'
import { readCommitted } from '../../store/committed.ts'
import type { PageSources } from './api.ts'
import type { Compared, MemberWords, View } from './data.ts'
import { flagFor } from './view.ts'

interface Parts {
  /** Where the fixtures are. */
  readonly dir: string
  /** A fixture as it is now. Rejects with a DeltatapeError if the store lists none of this name, or it is damaged. */
  readonly fixture: (name: string) => Promise<StoredFixture>
  /** What the page is told of a fixture. */
  readonly viewOf: (fixture: StoredFixture) => Promise<View>
}

/** Makes what compares fixtures. git runs for names that the store lists, and once at a time. */
export function createComparing({ dir, fixture, viewOf }: Parts): Pick<PageSources, 'compare' | 'compareWithGit'> {
  let last: Promise<unknown> = Promise.resolve()
  const queued = <T>(ask: () => Promise<T>): Promise<T> => {
    const next = last.then(ask, ask)
    last = next
    return next
  }
  const sideBySide = async (before: StoredFixture, after: StoredFixture, ...words: string[]): Promise<Compared> => ({
    ...comparedOf([before, after], [await viewOf(before), await viewOf(after)]),
    command: `npx deltatape diff ${flagFor(dir)}${words.map(forShell).join(' ')}`,
  })
  return {
    compare: async (before, after) => sideBySide(await fixture(before), await fixture(after), before, after),
    async compareWithGit(name, revision) {
      const now = await fixture(name)
      const then = await queued(() => readCommitted({ name, path: join(dir, name) }, revision))
      return sideBySide(then, now, name, ...(revision === 'HEAD' ? [] : ['--against', revision]))
    },
  }
}

type Both<T> = readonly [before: T, after: T]

function comparedOf([a, b]: Both<StoredFixture>, [before, after]: Both<View>): Omit<Compared, 'command'> {
  const comparison = compare(a, b)
  const { request, ending, headers, output, body, usage } = comparison
  const [was, is] = [thoughtIn(before), thoughtIn(after)]
  return {
    before,
    after,
    comparison,
    words: {
      request: request.flatMap(deeper).map(inWords),
      ending: ending.map(inWords),
      headers: headers.map(inWords),
      output: output.map(inWords),
      body: body.map(inWords),
      usage: usage.map(inWords),
    },
    reasoning: was === is ? [] : wordChanges(was, is),
    runs: alignedRuns(before, after),
  }
}

/** Every member of a request counts: none is left out because it differs in every recording. */
const isNoise = () => false

/** The members inside a member that differ, if both values have some. */
function deeper({ name, before, after }: MemberChange): MemberChange[] {
  const haveMembers = [before, after].every((value) => typeof value === 'object' && value !== null)
  if (!haveMembers || before === undefined || after === undefined) return [{ name, before, after }]
  return changesOf(before, after, name, isNoise)
}

/** How much of a value is compared word by word, in characters: nobody reads more of one member. */
const MAX_VALUE_CHARS = 20_000

const inWords = ({ name, before, after }: MemberChange): MemberWords => ({
  name,
  changes: wordChanges(cut(before), cut(after)),
})

function cut(value: JsonValue | undefined): string {
  const text = value === undefined ? '' : asText(value)
  if (text.length <= MAX_VALUE_CHARS) return text
  return `${text.slice(0, MAX_VALUE_CHARS).toWellFormed()}… (${text.length} characters)`
}

const thoughtIn = ({ blocks, pieces }: View): string =>
  pieces.text.filter((_text, index) => blocks[pieces.block[index] ?? -1]?.kind === 'reasoning').join('')

/** The records in rows of one type each. */
function runsOf({ types, records }: View): { type: string; count: number }[] {
  const runs: { type: string; count: number }[] = []
  for (const index of records.type) {
    const [type = '', latest] = [types[index], runs.at(-1)]
    if (latest?.type === type) latest.count++
    else runs.push({ type, count: 1 })
  }
  return runs
}

function alignedRuns(before: View, after: View): RunChange[] {
  const [left, right] = [runsOf(before), runsOf(after)]
  const typeOf = ({ type }: { readonly type: string }) => type
  return pairUp(left.map(typeOf), right.map(typeOf)).map((pair) => {
    const [a, b] = [left[pair.before ?? -1], right[pair.after ?? -1]]
    return { type: a?.type ?? b?.type ?? '', before: a?.count ?? 0, after: b?.count ?? 0 }
  })
}
