/** Two fixtures beside each other, or one and what git has of it, as the page is told them. */
import { nextTurn } from '../../base/clock.ts'
import { deltatape } from '../../base/command-line.ts'
import { asText } from '../../base/json.ts'
import { type RunChange, compare } from '../../fixture/compare.ts'
import type { StoredFixture } from '../../fixture/fixture.ts'
import { type MemberChange, changesOf } from '../../fixture/members.ts'
import { pairUp, replaced, wordChanges } from '../../fixture/words.ts'
import { readCommitted } from '../../store/committed.ts'
import type { Store } from '../../store/store.ts'
import type { PageSources } from './api.ts'
import type { Compared, MemberWords, View } from './data.ts'

interface Parts {
  readonly store: Pick<Store, 'flags' | 'pathOf'>
  /** A fixture as it is now. Rejects with a DeltatapeError if the store lists none of this name, or it is damaged. */
  readonly fixture: (name: string) => Promise<StoredFixture>
  /** What the page is told of a fixture. */
  readonly viewOf: (fixture: StoredFixture) => Promise<View>
}

/** Makes what compares fixtures. git runs for names that the store lists; whoever asks for several asks for one at a time. */
export function createComparing({ store, fixture, viewOf }: Parts): Pick<PageSources, 'compare' | 'compareWithGit'> {
  const sideBySide = async (before: StoredFixture, after: StoredFixture, ...words: string[]): Promise<Compared> => ({
    ...(await comparedOf([before, after], [await viewOf(before), await viewOf(after)])),
    command: deltatape('diff', ...store.flags, ...words),
  })
  return {
    compare: async (before, after) => sideBySide(await fixture(before), await fixture(after), before, after),
    async compareWithGit(name, revision) {
      const now = await fixture(name)
      const then = await readCommitted({ name, path: store.pathOf(name) }, revision)
      return sideBySide(then, now, name, ...(revision === 'HEAD' ? [] : ['--against', revision]))
    },
  }
}

type Both<T> = readonly [before: T, after: T]

async function comparedOf(
  [a, b]: Both<StoredFixture>,
  [before, after]: Both<View>,
): Promise<Omit<Compared, 'command'>> {
  const comparison = compare(a, b)
  const { request, ending, headers, output, body, usage } = comparison
  const [was, is] = [thoughtIn(before), thoughtIn(after)]
  // What is compared word by word takes its time: turns come in between.
  await nextTurn()
  const reasoning = was === is ? [] : wordChanges(was, is)
  const inWords = createWording()
  return {
    before,
    after,
    comparison,
    words: {
      request: await inWords(request.flatMap(deeper)),
      ending: await inWords(ending),
      headers: await inWords(headers),
      output: await inWords(output),
      body: await inWords(body),
      usage: await inWords(usage),
    },
    reasoning,
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

/** How much of a value is compared word by word, and how much of all, in characters: nobody reads more. */
const MAX_VALUE_CHARS = 4000
const MAX_CHARS = 50_000

/** How much is told of a value that is not compared any more, in characters. */
const MAX_REST_CHARS = 1000

/** Makes what tells members word by word, as long as there are not too many long ones: then one value replaces the other. */
function createWording(): (changes: readonly MemberChange[]) => Promise<MemberWords[]> {
  let left = MAX_CHARS
  const inWords = ({ name, before, after }: MemberChange): MemberWords => {
    const [was, is] = [before, after].map((value) => (value === undefined ? '' : asText(value)))
    const most = left > 0 ? MAX_VALUE_CHARS : MAX_REST_CHARS
    const [from = '', to = ''] = [cut(was ?? '', most), cut(is ?? '', most)]
    const changes = left > 0 ? wordChanges(from, to) : replaced(from, to)
    left -= from.length + to.length
    return { name, changes }
  }
  return async (changes) => {
    const told: MemberWords[] = []
    for (const change of changes) {
      await nextTurn()
      told.push(inWords(change))
    }
    return told
  }
}

function cut(text: string, most: number): string {
  if (text.length <= most) return text
  return `${text.slice(0, most).toWellFormed()}… (${text.length} characters)`
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
