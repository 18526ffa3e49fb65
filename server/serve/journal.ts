/** What happened: a line for each turn, and in the end what became of the fixtures. */
import type { Call } from '../api/call.ts'
import { tokensIn } from '../api/tokens.ts'
import type { ErrorCode } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'
import { isShort } from '../base/name.ts'
import type { Mode } from '../model/mode.ts'
import type { Action } from '../model/model.ts'
import type { Line, Log } from './log.ts'
import { createOutcomes } from './outcomes.ts'
import type { Trace } from './trace.ts'

/** What is spoken where a client connected, in words of ours: a path may hold what a client wrote. */
export type Spoken = '/ws' | '/ws-stream' | 'responses_ws' | 'calls'

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
  /** The trace of the client that it belongs to. */
  readonly trace?: Trace | undefined
}

/** A turn that begins. */
export interface Begun extends Pick<TurnEntry, 'endpoint' | 'id' | 'unit'> {
  readonly spoken: Spoken
  /** The call that it becomes; absent if it becomes none. */
  readonly call?: Call | undefined
}

/** A turn under way, for those who watch. */
export interface UnderWay {
  /** So many pieces more went to the client, of so many bytes. */
  sent(count: number, bytes: number): void
  ended(entry: TurnEntry): void
}

/** Shows turns to those who watch. */
export interface Onlooker {
  begin(begun: Begun): UnderWay
}

/** What is known of all fixtures when a run ends. */
export interface Known {
  /** Absent if they could not be listed. */
  readonly names?: readonly string[] | undefined
  /** Says that git ignores some of them. */
  readonly ignored?: string | undefined
}

export interface Journal {
  /** A turn begins. Gives what is to be told of it while it lasts; undefined if nobody can watch. */
  begin(begun: Begun): UnderWay | undefined
  /**
   * A turn has ended.
   *
   * @param underWay what was given when it began
   */
  turn(entry: TurnEntry, underWay?: UnderWay): void
  /** Whether a fixture was written. */
  readonly hasSaved: boolean
  /** Writes what became of the fixtures, in the modes that record, and which the run left over. */
  close(known: Known): void
}

const WORDS: Record<Action['kind'], string> = {
  hit: 'hit',
  miss: 'miss',
  written: 'written',
  saved: 'saved',
  unchanged: 'unchanged',
  not_saved: 'not saved',
}

/** @param onlookers see the turns while they last */
export function createJournal(log: Log, mode: Mode, onlookers: readonly Onlooker[] = []): Journal {
  const outcomes = createOutcomes()
  const lineFor = createLines(mode)
  const records = mode === 'record' || mode === 'auto'
  let hasSaved = false
  return {
    begin: (begun) => together(onlookers.map((onlooker) => onlooker.begin(begun))),
    turn(entry, underWay) {
      underWay?.ended(entry)
      if (entry.action && records) {
        outcomes.note(entry.action, nameOfApi(entry))
        hasSaved ||= entry.action.kind === 'saved'
      }
      const { ms, trace } = entry
      const tenths = Math.round(ms * 10) / 10
      const fields = trace
        ? { ms: tenths, trace_id: trace.traceId, span_id: trace.spanId, trace_flags: trace.flags }
        : { ms: tenths }
      log.repeat(lineFor(entry), { text: String(Math.round(ms)), fields })
    },
    get hasSaved() {
      return hasSaved
    },
    close({ names, ignored }) {
      outcomes.tell(log, names)
      if (ignored !== undefined) log.warn(ignored)
    },
  }
}

/** Tells all who watch a turn; nothing is between where one does. */
function together(all: readonly UnderWay[]): UnderWay | undefined {
  if (all.length < 2) return all[0]
  return {
    sent(count, bytes) {
      for (const each of all) each.sent(count, bytes)
    },
    ended(entry) {
      for (const each of all) each.ended(entry)
    },
  }
}

/**
 * Makes what gives the line of a turn. Replays that end alike have the very same, as long as their fixture is in memory:
 * what became of another call comes once. What a client may make as long as it likes is not kept.
 */
function createLines(mode: Mode): (entry: TurnEntry) => Line {
  const last = new WeakMap<Action, { readonly entry: TurnEntry; readonly line: Line }>()
  return (entry) => {
    const { action } = entry
    const known = action && last.get(action)
    if (known && isAlike(known.entry, entry)) return known.line
    const ignored = listed(entry.ignored ?? [])
    const line = {
      level: levelOf(entry),
      message: messageOf(entry, mode, ignored),
      fields: fieldsOf(entry, mode, ignored),
    }
    if (action?.kind === 'hit' && ignored === undefined) last.set(action, { entry, line })
    return line
  }
}

/** Whether the lines of two turns with the same action differ in their times alone. */
const isAlike = (one: TurnEntry, other: TurnEntry): boolean =>
  one.endpoint === other.endpoint &&
  one.count === other.count &&
  one.unit === other.unit &&
  one.id === other.id &&
  one.api === other.api &&
  one.host === other.host &&
  one.model === other.model &&
  one.chars === other.chars &&
  one.usage === other.usage &&
  one.code === other.code &&
  one.message === other.message &&
  (one.ignored === other.ignored || (one.ignored?.length === 0 && other.ignored?.length === 0))

/** A failure that is replayed or written is what was asked for, and so is the end of a turn that was cancelled. */
const levelOf = ({ code, action }: TurnEntry): Line['level'] => {
  const isMeant = code === 'cancelled' || action?.kind === 'hit' || action?.kind === 'written'
  return code === undefined || isMeant ? 'info' : 'warn'
}

/** The line for a person, before and after its time. */
function messageOf(entry: TurnEntry, mode: Mode, ignored?: string): Line['message'] {
  const { endpoint, action, count, unit, code } = entry
  let before: string = mode
  if (action) before += ` ${WORDS[action.kind]} ${action.fixture}`
  if (action?.derived) before += ` (derived from its ${action.derived})`
  if (action?.why) before += ` (${action.why})`
  if (action?.changes) before += ` (${action.changes})`
  if (code) before += ` ${code}`
  let after = ` ms ${endpoint}`
  if (entry.api !== undefined) after += said(entry)
  if (ignored) after += ` (ignored: ${ignored})`
  if (levelOf(entry) === 'warn') after += `: ${entry.message}`
  return [`${before} ${count} ${unit}${count === 1 ? '' : 's'} `, after]
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

/** The fields for a machine, but for the times. The client's id is called `turn`: a member named `id` is not searched for secrets. */
const fieldsOf = (
  { endpoint, id, api, host, model, chars, usage, action, count, unit, code, message }: TurnEntry,
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
  code,
  error: message,
  ignored,
})

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
