/** Which fixtures continue an answer that none holds, or one whose fixture they do not name. Pure. */
import { deltatape, marked } from '../base/command-line.ts'
import { apiNamed } from '../api/index.ts'
import { type Candidate, type FixtureHeader, continuedBy } from '../fixture/fixture.ts'
import { carriedBy, lastCarriedBy } from '../fixture/thread.ts'
import { createHolders } from './holders.ts'
import { type Problem, warning } from './problem.ts'

export interface Continuing {
  take(name: string, header: FixtureHeader): void
  /** To be asked when all fixtures that there are have been taken. */
  problems(): Problem[]
  /** The names of those that are known to continue an answer that is gone: their requests say what nobody answered. */
  gone(): ReadonlySet<string>
}

/** A fixture that continues another, or may. */
interface Open {
  readonly name: string
  readonly header: Pick<FixtureHeader, 'api' | 'key' | 'recorded' | 'follows'>
  readonly continued: string | undefined
  /** The id that its request names, if its key does not hold what that stands for. */
  readonly id: string | undefined
  readonly carried: readonly string[]
  readonly last: { readonly marks: readonly string[]; readonly isCertain: boolean }
}

export function createContinuing(flags: readonly string[] = []): Continuing {
  const holders = createHolders<string>()
  const marksByKey = new Map<string, ReadonlySet<string>>()
  const ids = new Set<string>()
  const open: Open[] = []

  const isHeld = (api: string, marks: readonly string[]) => marks.some((mark) => holders.has(api, mark))
  /** The answer may have been recorded again since, and be another one now. */
  const isGone = ({ header: { follows }, continued, carried }: Open): boolean => {
    const given = marksByKey.get(continued ?? '')
    return continued !== undefined && (!given || (follows !== undefined && !carried.some((mark) => given.has(mark))))
  }
  /** Of what is continued by its id the API may still know. */
  const isCertainlyGone = (each: Open): boolean => each.header.follows !== undefined && isGone(each)
  const isLost = (each: Open): boolean => {
    const { header, continued, id, carried, last } = each
    if (continued !== undefined) return isGone(each)
    if (id !== undefined) return !ids.has(idIn(header.api, id))
    // Anybody may have written a text: it counts where an answer before it is held.
    return last.marks.length > 0 && !isHeld(header.api, last.marks) && (last.isCertain || isHeld(header.api, carried))
  }
  /** These, and all that continues them. */
  const withHeirs = (some: readonly Open[]): ReadonlySet<Open> => {
    const all = new Set(some)
    const heirs = Map.groupBy(open, ({ continued }) => continued)
    for (const { header } of all) for (const heir of heirs.get(header.key) ?? []) all.add(heir)
    return all
  }
  return {
    take(name, header) {
      const api = apiNamed(header.api)
      holders.add(name, header)
      marksByKey.set(header.key, new Set([...(marksByKey.get(header.key) ?? []), ...(header.knownBy ?? [])]))
      if (header.responseId !== undefined) ids.add(idIn(header.api, header.responseId))
      const [continued, carried] = [continuedBy(header), carriedBy(api, header)]
      const id = continued === undefined ? api.continues(header.request) : undefined
      if (continued === undefined && id === undefined && carried.length === 0) return
      const { key, recorded, follows } = header
      const last = lastCarriedBy(api, header)
      open.push({ name, header: { api: header.api, key, recorded, follows }, continued, id, carried, last })
    },
    problems() {
      const lost = withHeirs(open.filter(isLost))
      // An answer may have been written by hand, and stand in the requests of many.
      const alike = Map.groupBy(lost, (each) => each.continued ?? each.id ?? each.last.marks[0] ?? '')
      const unnamed = open.flatMap((each) => {
        if (each.continued !== undefined || each.id !== undefined || lost.has(each)) return []
        const holder = holders.of(each.header, each.carried)
        return holder === undefined ? [] : [warning(each.name, 1, 'conversation', unnamedText(holder, flags))]
      })
      return [...Array.from(alike.values(), lostText), ...unnamed]
    },
    gone: () => new Set(Array.from(withHeirs(open.filter(isCertainlyGone)), ({ name }) => name)),
  }
}

/** The same of these. */
export function goneIn(all: readonly Candidate[]): ReadonlySet<string> {
  const continuing = createContinuing()
  for (const fixture of all) continuing.take(fixture.name, fixture)
  return continuing.gone()
}

const idIn = (api: string, id: string): string => `${api}\n${id}`

function lostText([first, ...others]: readonly Open[]): Problem {
  const { name = '', continued } = first ?? {}
  const byHand = continued === undefined ? '; if the history was written by hand, all is well' : ''
  const more = others.length === 0 ? '' : `, and so ${others.length === 1 ? 'does' : 'do'} ${others.length} more`
  return warning(name, 1, 'conversation', `${LOST}${more}: ${RECORD_OR_REMOVE}${byHand}`)
}

const LOST = 'it continues an answer that no fixture here holds, so no conversation comes to it'

const RECORD_OR_REMOVE =
  'run its app with MODEL_MODE=record to record the conversation from its beginning, or remove it'

/** Why a request that continues what is gone is not sent again. */
export const GONE = `${LOST}: ${RECORD_OR_REMOVE}`

const unnamedText = (holder: string, flags: readonly string[]): string =>
  `it continues the answer of ${holder} and does not name it, as its run was ended too early: ${marked(deltatape('verify', '--link', ...flags))} writes it down`
