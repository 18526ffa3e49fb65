/** What happened: a line for each turn, and in the end what became of the recordings. */
import type { ErrorCode } from '../base/errors.ts'
import type { Mode } from '../model/mode.ts'
import type { Action } from '../model/model.ts'
import type { Log } from './log.ts'

/** One turn, or one call of an API, as it ended. */
export interface TurnEntry {
  /** The path that the client spoke to. */
  readonly endpoint: string
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
  /** Writes what became of the recordings, in the modes that record. */
  close(): void
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
      if (entry.action) recordings.note(entry.action)
      const ignored = listed(entry.ignored ?? [])
      const line = lineOf(entry, mode, ignored)
      const fields = fieldsOf(entry, mode, ignored)
      // A failure that is replayed is what was asked for, and so is the end of a turn that was cancelled.
      const { code, action, message } = entry
      if (code === undefined || code === 'cancelled' || action?.kind === 'hit') log.info(line, fields)
      else log.warn(`${line}: ${message}`, fields)
    },
    close: () => recordings.tell(log),
  }
}

/** The line for a person. Written for each turn, so without lists that are thrown away. */
function lineOf({ endpoint, action, count, unit, ms, code }: TurnEntry, mode: Mode, ignored?: string): string {
  let line: string = mode
  if (action) line += ` ${WORDS[action.kind]} ${action.fixture}`
  if (action?.derived) line += ` (derived from its ${action.derived})`
  if (action?.why) line += ` (${action.why})`
  if (action?.changes) line += ` (${action.changes})`
  if (code) line += ` ${code}`
  line += ` ${count} ${unit}${count === 1 ? '' : 's'} ${Math.round(ms)} ms ${endpoint}`
  return ignored ? `${line} (ignored: ${ignored})` : line
}

/** The fields for a machine. The client's id is called `turn`: a member named `id` is not searched for secrets. */
const fieldsOf = (
  { endpoint, id, action, count, unit, ms, code, message }: TurnEntry,
  mode: Mode,
  ignored?: string,
) => ({
  endpoint,
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

/** What became of each fixture that was recorded; the last word on each counts. */
function createRecordings() {
  const saved = new Set<string>()
  const unchanged = new Set<string>()
  const notSaved = new Map<string, string>()
  return {
    note({ kind, fixture, why = '' }: Action): void {
      if (kind === 'not_saved') notSaved.set(fixture, why)
      if (kind !== 'saved' && kind !== 'unchanged') return
      notSaved.delete(fixture)
      if (kind === 'saved') saved.add(fixture)
      else if (!saved.has(fixture)) unchanged.add(fixture)
      if (kind === 'saved') unchanged.delete(fixture)
    },
    /** Writes the numbers, and why something was not saved; nothing if nothing was recorded. */
    tell(log: Log): void {
      if (saved.size + unchanged.size + notSaved.size === 0) return
      log.info(`recorded: ${saved.size} saved, ${unchanged.size} unchanged, ${notSaved.size} not saved`, {
        saved: saved.size,
        unchanged: unchanged.size,
        not_saved: notSaved.size,
      })
      for (const [fixture, why] of notSaved) log.warn(`not saved: ${fixture}: ${why}`, { fixture, why })
    },
  }
}

const MAX_NAMES = 10

const MAX_NAME_CHARS = 40

/** The names of members that were ignored, within bounds: a client chose them. */
function listed(names: readonly string[]): string | undefined {
  const shown = names.slice(0, MAX_NAMES).map((name) => name.slice(0, MAX_NAME_CHARS))
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : ''
  return names.length > 0 ? `${shown.join(', ')}${more}` : undefined
}
