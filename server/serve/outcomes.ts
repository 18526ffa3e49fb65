/** What became of the fixtures of a run that records, told in its end. */
import { deltatape, marked } from '../base/command-line.ts'
import { LRUCache } from 'lru-cache'
import { posix } from 'node:path'
import { nameOfTake, takeIn } from '../fixture/take.ts'
import type { Action } from '../model/model.ts'
import type { Log } from './log.ts'

export interface Outcomes {
  /** Takes what became of a fixture; `of` names the API and the host that was asked. */
  note(action: Action, of: string): void
  /**
   * Writes the numbers, and what its user may want to look at; nothing if nothing was recorded.
   *
   * @param names those of all fixtures, if they are known
   */
  tell(log: Log, names: readonly string[] | undefined): void
}

/** How much memory may tell what became of fixtures, and what the entry of one takes beside its texts. In bytes. */
const MAX_OUTCOMES_BYTES = 32 * 1024 * 1024

const ENTRY_BYTES = 256

const MARK_BYTES = 64

/** How many fixtures that were not saved are named in the end. */
const MAX_NOT_SAVED = 1000

/** How many marks of answers to one call are remembered that were replaced. */
const MAX_LOST = 1000

interface Outcome {
  /** The API and the host that was asked. */
  readonly of: string
  /** Whether it was saved, or found unchanged, at any time. */
  readonly kept: 'saved' | 'unchanged' | undefined
  /** Whether its call had no fixture before this run. */
  readonly isNew: boolean
  /** Why the last recording of it was not saved. */
  readonly why: string | undefined
  /** Whether it was saved, and then something else in its place. */
  readonly isSeveral: boolean
  /** How many answers stood there in this run, one after another. */
  readonly answers: number
  /** The marks of what was saved in this run, and is not there any more. */
  readonly lost: readonly string[]
  /** The ids of earlier answers that count for its call. */
  readonly needs: readonly string[]
}

/** How often what became of a fixture. */
interface Numbers {
  saved: number
  unchanged: number
  not_saved: number
}

const nothing = (): Numbers => ({ saved: 0, unchanged: 0, not_saved: 0 })

const inWords = ({ saved, unchanged, not_saved: notSaved }: Numbers): string =>
  `${saved} saved, ${unchanged} unchanged, ${notSaved} not saved`

const UNTOUCHED = { kept: undefined, isNew: false, why: undefined, isSeveral: false, answers: 0, lost: [], needs: [] }

/** What became of a fixture, now that something more did. */
function after(known: Outcome, action: Action, of: string): Outcome {
  const { kind, why = '', isNew = false, isOther = false, lost = [], needs = known.needs } = action
  if (kind === 'not_saved') return { ...known, of, why }
  if (kind !== 'saved' && kind !== 'unchanged') return known
  return {
    of,
    kept: known.kept === 'saved' ? known.kept : kind,
    isNew: known.isNew || isNew,
    why: undefined,
    answers: known.answers + (kind === 'saved' || known.answers === 0 ? 1 : 0),
    isSeveral: known.isSeveral || (kind === 'saved' && known.kept !== undefined && isOther),
    lost: known.kept === undefined ? [] : [...known.lost, ...lost].slice(-MAX_LOST),
    needs,
  }
}

/** Notes what became of each fixture; the last word on each counts. The oldest are remembered as numbers. */
export function createOutcomes(): Outcomes {
  const numbers = { ...nothing(), new: 0, forgotten: 0 }
  const byApi = new Map<string, Numbers>()
  const count = ({ of, kept, isNew, why }: Outcome) => {
    if (kept === undefined && why === undefined) return
    const own = byApi.get(of) ?? nothing()
    byApi.set(of, own)
    for (const each of [numbers, own]) {
      if (kept) each[kept]++
      if (why !== undefined) each.not_saved++
    }
    if (kept === 'saved' && isNew) numbers.new++
  }
  /** By the name without its folder: what was not saved has no other. */
  const outcomes = new LRUCache<string, Outcome>({
    maxSize: MAX_OUTCOMES_BYTES,
    sizeCalculation: weightOf,
    dispose(outcome, _name, reason) {
      if (reason !== 'evict') return
      count(outcome)
      numbers.forgotten++
    },
  })
  return {
    note(action, of) {
      const all = [...(action.earlier ?? []).map((each): Action => ({ ...each, kind: 'saved' })), action]
      for (const each of all) {
        const name = posix.basename(each.fixture)
        outcomes.set(name, after(outcomes.get(name) ?? { ...UNTOUCHED, of }, each, of))
      }
    },
    tell(log, names) {
      const notSavedNow: (readonly [fixture: string, why: string])[] = []
      const used = new Map<string, Outcome>()
      outcomes.forEach((outcome, fixture) => {
        count(outcome)
        used.set(fixture, outcome)
        if (outcome.why !== undefined) notSavedNow.unshift([fixture, outcome.why])
      })
      if (numbers.saved + numbers.unchanged + numbers.not_saved === 0) return
      const apis = [...byApi].toSorted(([a], [b]) => (a < b ? -1 : 1))
      if (apis.length > 1)
        for (const [of, own] of apis) log.announce(`recorded of ${of || 'chats'}: ${inWords(own)}`, { ...own, of })
      const several = severalIn(used)
      const left = leftOver(names ?? [], used)
      const { forgotten, ...told } = numbers
      const summary = {
        ...told,
        changed: told.saved - told.new,
        left_over: names === undefined || forgotten > 0 ? undefined : left.all.length,
      }
      log.announce(`recorded: ${inWords(told)} (${detailOf(summary)})`, summary)
      for (const [fixture, why] of notSavedNow.slice(-MAX_NOT_SAVED))
        log.warn(`not saved: ${fixture}: ${why}`, { fixture, why })
      if (several.length > 0) log.warn(severalText(several), { several: several.length })
      if (left.takes.length > 0) log.warn(leftOverText(left.takes), { left_over: left.takes.length })
    },
  }
}

const weightOf = ({ why = '', lost, needs }: Outcome, name: string): number =>
  ENTRY_BYTES + 2 * (name.length + why.length) + MARK_BYTES * (lost.length + needs.length)

/** The calls of which somebody got an answer that is missed, each with how many there were: it said something else, or a later call carries its ids. */
function severalIn(used: ReadonlyMap<string, Outcome>): readonly string[] {
  const needed = new Set([...used.values()].flatMap(({ needs }) => needs))
  const isMissed = ({ isSeveral, lost }: Outcome): boolean => isSeveral || lost.some((mark) => needed.has(mark))
  return [...used]
    .flatMap(([name, outcome]) => (isMissed(outcome) ? [`${name} (${outcome.answers} answers)`] : []))
    .toReversed()
}

/** Of all fixtures those that a run neither used nor recorded, and the takes among them that replay gives after the last that it did. */
function leftOver(names: readonly string[], used: ReadonlyMap<string, Outcome>) {
  const [last, lastRecorded] = [new Map<string, number>(), new Map<string, number>()]
  for (const [name, { kept }] of used) {
    const [row, take] = [nameOfTake(name, 1), takeIn(name)]
    for (const each of kept ? [last, lastRecorded] : [last]) each.set(row, Math.max(each.get(row) ?? 1, take))
  }
  const isBeyond = (name: string, lasts: ReadonlyMap<string, number>, otherwise: number) =>
    takeIn(name) > (lasts.get(nameOfTake(name, 1)) ?? otherwise)
  return {
    all: names.filter((name) => isBeyond(posix.basename(name), last, 0)),
    takes: names.filter((name) => isBeyond(posix.basename(name), lastRecorded, Infinity)),
  }
}

/** What became of the fixtures that there are, in words. What an earlier run left is told only if it is known. */
function detailOf(summary: { readonly new: number; readonly changed: number; readonly left_over: number | undefined }) {
  const left = summary.left_over
  const rest = left === undefined ? '' : `, ${left} left over`
  const hint = left
    ? `: ${marked(deltatape('unused', 'used.jsonl'))} tells which, after such a run with USAGE_LOG=used.jsonl`
    : ''
  return `${summary.new} new, ${summary.changed} changed${rest}${hint}`
}

/** How many fixtures are named in one line. */
const MAX_NAMED = 20

const named = (names: readonly string[]): string =>
  names.length > MAX_NAMED
    ? `${names.slice(0, MAX_NAMED).join(', ')} and ${names.length - MAX_NAMED} more`
    : names.join(', ')

const severalText = (calls: readonly string[]): string =>
  `different answers came to ${calls.length === 1 ? 'one call' : `${calls.length} calls`}, and replay gives the last alone: ${named(calls)}. RECORD_TAKES=1 keeps all that a client gets, in order. Or run once more with MODEL_MODE=auto: that asks what is missing for who went on from another one.`

const leftOverText = (names: readonly string[]): string =>
  `left over: ${names.length === 1 ? 'a take' : `${names.length} takes`} of an earlier run beyond the last that was recorded now; remove what is not needed any more: ${named(names)}`
