/** What happened: a line for each turn, and in the end what became of the recordings. */
import { LRUCache } from 'lru-cache'
import { posix } from 'node:path'
import { tokensIn } from '../api/tokens.ts'
import type { ErrorCode } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'
import { isShort } from '../base/name.ts'
import { nameOfTake, takeIn } from '../fixture/take.ts'
import type { Mode } from '../model/mode.ts'
import type { Action } from '../model/model.ts'
import type { Log } from './log.ts'

/** One turn, or one call of an API, as it ended. */
export interface TurnEntry {
  /** The path that the client spoke to. */
  readonly endpoint: string
  /** The name of the API's row, the host if it is not the API's own, and the model that was asked. */
  readonly api?: string | undefined
  readonly host?: string | undefined
  readonly model?: string | undefined
  /** How many characters the text of the answer has, and its tokens in the words of the API. */
  readonly chars?: number | undefined
  readonly usage?: JsonObject | undefined
  /** The id that the client gave the turn. */
  readonly id?: string | undefined
  /** What became of the fixture, in the modes that have one. */
  readonly action?: Action | undefined
  /** How many pieces the client got. */
  readonly count: number
  /** What the pieces are: frames of a WebSocket, or records of an answer over HTTP. */
  readonly unit: 'frame' | 'record'
  readonly ms: number
  /** How it failed. */
  readonly code?: ErrorCode | undefined
  /** The message of the error. */
  readonly message?: string | undefined
  /** Members of the request that mean nothing here. */
  readonly ignored?: readonly string[] | undefined
}

export interface Journal {
  turn(entry: TurnEntry): void
  /**
   * Writes what became of the recordings, in the modes that record.
   *
   * @param names those of all fixtures: takes among them that were not recorded again are told
   */
  close(names?: readonly string[]): void
}

const WORDS: Record<Action['kind'], string> = {
  hit: 'hit',
  miss: 'miss',
  saved: 'saved',
  unchanged: 'unchanged',
  not_saved: 'not saved',
}

export function createJournal(log: Log, mode: Mode): Journal {
  const recordings = createRecordings()
  return {
    turn(entry) {
      if (entry.action) recordings.note(entry.action, nameOfApi(entry))
      const ignored = listed(entry.ignored ?? [])
      const line = lineOf(entry, mode, ignored)
      const fields = fieldsOf(entry, mode, ignored)
      // A failure that is replayed is what was asked for, and so is the end of a turn that was cancelled.
      const { code, action, message } = entry
      if (code === undefined || code === 'cancelled' || action?.kind === 'hit') log.info(line, fields)
      else log.warn(`${line}: ${message}`, fields)
    },
    close: (names = []) => recordings.tell(log, names),
  }
}

/** The line for a person. Written for each turn, so without lists that are thrown away. */
function lineOf(entry: TurnEntry, mode: Mode, ignored?: string): string {
  const { endpoint, action, count, unit, ms, code } = entry
  let line: string = mode
  if (action) line += ` ${WORDS[action.kind]} ${action.fixture}`
  if (action?.derived) line += ` (derived from its ${action.derived})`
  if (action?.why) line += ` (${action.why})`
  if (action?.changes) line += ` (${action.changes})`
  if (code) line += ` ${code}`
  line += ` ${count} ${unit}${count === 1 ? '' : 's'} ${Math.round(ms)} ms ${endpoint}`
  if (entry.api !== undefined) line += said(entry)
  return ignored ? `${line} (ignored: ${ignored})` : line
}

/** ` (chat-completions at api.mistral.ai, mistral-small: 12 characters, 4 tokens in, 5 out)` */
function said(entry: TurnEntry): string {
  const { model, chars, usage } = entry
  let line = ` (${nameOfApi(entry)}`
  if (model) line += `, ${model}`
  let mark = ':'
  if (chars) {
    line += `${mark} ${chars} character${chars === 1 ? '' : 's'}`
    mark = ','
  }
  if (usage) {
    const { input, output } = tokensIn(usage)
    line += `${mark} ${input} tokens in, ${output} out`
  }
  return `${line})`
}

/** `chat-completions at api.mistral.ai`; empty if it is not known. */
const nameOfApi = ({ api = '', host }: TurnEntry): string => (host === undefined ? api : `${api} at ${host}`)

/** The fields for a machine. The client's id is called `turn`: a member named `id` is not searched for secrets. */
const fieldsOf = (
  { endpoint, id, api, host, model, chars, usage, action, count, unit, ms, code, message }: TurnEntry,
  mode: Mode,
  ignored?: string,
) => ({
  endpoint,
  api,
  host,
  model: model || undefined,
  chars,
  usage: usage && JSON.stringify(usage),
  turn: id,
  mode,
  action: action?.kind,
  fixture: action?.fixture,
  derived: action?.derived,
  why: action?.why,
  changes: action?.changes,
  frames: unit === 'frame' ? count : undefined,
  records: unit === 'record' ? count : undefined,
  ms: Math.round(ms * 10) / 10,
  code,
  error: message,
  ignored,
})

/** How much memory may tell what became of fixtures, and what the entry of one takes beside its texts. In bytes. */
const MAX_RECORDINGS_BYTES = 32 * 1024 * 1024

const ENTRY_BYTES = 256

/** How many fixtures that were not saved are named in the end. */
const MAX_NOT_SAVED = 1000

interface Outcome {
  /** The API and the host that was asked. */
  readonly of: string
  /** Whether it was saved, or found unchanged, at any time. */
  readonly kept: 'saved' | 'unchanged' | undefined
  /** Why the last recording of it was not saved. */
  readonly why: string | undefined
  /** Whether it was saved, and then something else in its place. */
  readonly isSeveral: boolean
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

/** What became of each fixture that was recorded; the last word on each counts. The oldest are remembered as numbers. */
function createRecordings() {
  const numbers = nothing()
  const byApi = new Map<string, Numbers>()
  const count = ({ of, kept, why }: Outcome) => {
    const own = byApi.get(of) ?? nothing()
    byApi.set(of, own)
    for (const each of [numbers, own]) {
      if (kept) each[kept]++
      if (why !== undefined) each.not_saved++
    }
  }
  const outcomes = new LRUCache<string, Outcome>({
    maxSize: MAX_RECORDINGS_BYTES,
    sizeCalculation: ({ why = '' }, name) => ENTRY_BYTES + 2 * (name.length + why.length),
    dispose: (outcome, _name, reason) => (reason === 'evict' ? count(outcome) : undefined),
  })
  return {
    note({ kind, fixture, why = '', earlier = [], isOther = false }: Action, of: string): void {
      const { kept, isSeveral = false } = outcomes.get(fixture) ?? {}
      if (kind === 'not_saved') outcomes.set(fixture, { of, kept, why, isSeveral })
      if (kind !== 'saved' && kind !== 'unchanged') return
      const several = isSeveral || (kind === 'saved' && kept !== undefined && isOther)
      outcomes.set(fixture, { of, kept: kept === 'saved' ? kept : kind, why: undefined, isSeveral: several })
      for (const name of earlier) outcomes.set(name, { of, kept: 'saved', why: undefined, isSeveral: false })
    },
    /** Writes the numbers, and what its user may want to look at; nothing if nothing was recorded. */
    tell(log: Log, names: readonly string[]): void {
      const notSavedNow: (readonly [fixture: string, why: string])[] = []
      const several: string[] = []
      const lastTakes = new Map<string, number>()
      outcomes.forEach((outcome, fixture) => {
        count(outcome)
        if (outcome.isSeveral) several.unshift(fixture)
        const row = nameOfTake(fixture, 1)
        if (outcome.kept) lastTakes.set(row, Math.max(lastTakes.get(row) ?? 1, takeIn(fixture)))
        if (outcome.why !== undefined) notSavedNow.unshift([fixture, outcome.why])
      })
      if (numbers.saved + numbers.unchanged + numbers.not_saved === 0) return
      const apis = [...byApi].toSorted(([a], [b]) => (a < b ? -1 : 1))
      if (apis.length > 1)
        for (const [of, own] of apis) log.info(`recorded of ${of || 'chats'}: ${inWords(own)}`, { ...own, of })
      log.info(`recorded: ${inWords(numbers)}`, { ...numbers })
      for (const [fixture, why] of notSavedNow.slice(-MAX_NOT_SAVED))
        log.warn(`not saved: ${fixture}: ${why}`, { fixture, why })
      if (several.length > 0) log.warn(severalText(several), { several: several.length })
      const left = names.filter((name) => isLeftOver(posix.basename(name), lastTakes))
      if (left.length > 0) log.warn(leftOverText(left), { left_over: left.length })
    },
  }
}

/** Whether a name is that of a take beyond the last one that was recorded of its call. */
const isLeftOver = (name: string, lastTakes: ReadonlyMap<string, number>): boolean =>
  takeIn(name) > (lastTakes.get(nameOfTake(name, 1)) ?? Infinity)

/** How many fixtures are named in one line. */
const MAX_NAMED = 20

const named = (names: readonly string[]): string =>
  names.length > MAX_NAMED
    ? `${names.slice(0, MAX_NAMED).join(', ')} and ${names.length - MAX_NAMED} more`
    : names.join(', ')

const severalText = (names: readonly string[]): string =>
  `different answers came to ${names.length === 1 ? 'one call' : `${names.length} calls`}, and the last alone was kept (RECORD_TAKES=1 keeps all that a client gets, in order): ${named(names)}`

const leftOverText = (names: readonly string[]): string =>
  `left over: ${names.length === 1 ? 'a take' : `${names.length} takes`} of an earlier run beyond the last that was recorded now; remove what is not needed any more: ${named(names)}`

const MAX_NAMES = 10

const MAX_IGNORED_CHARS = 40

/** The names of members that were ignored, within bounds: a client chose them. No rule finds half a secret. */
function listed(names: readonly string[]): string | undefined {
  const shown = names
    .slice(0, MAX_NAMES)
    .map((name) => (isShort(name, MAX_IGNORED_CHARS) ? name : `(a name of ${name.length} characters)`))
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : ''
  return names.length > 0 ? `${shown.join(', ')}${more}` : undefined
}
