/** What happened: a line for each turn, and in the end what became of the recordings. */
import type { ErrorCode } from '../base/errors.ts'
import type { Mode } from '../model/mode.ts'
import type { Action } from '../model/model.ts'
import type { Log } from './log.ts'

export interface TurnEntry {
  /** The path that the client spoke to. */
  readonly endpoint: string
  readonly id?: string | undefined
  /** What became of the fixture, in the modes that have one. */
  readonly action?: Action | undefined
  /** How many frames were sent. */
  readonly frames: number
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
  const saved = new Set<string>()
  const unchanged = new Set<string>()
  const notSaved = new Map<string, string>()

  const keep = ({ kind, fixture, why = '' }: Action) => {
    if (kind === 'not_saved') notSaved.set(fixture, why)
    if (kind !== 'saved' && kind !== 'unchanged') return
    notSaved.delete(fixture)
    if (kind === 'saved') saved.add(fixture)
    else if (!saved.has(fixture)) unchanged.add(fixture)
    if (kind === 'saved') unchanged.delete(fixture)
  }
  return {
    turn(entry) {
      const { endpoint, id, action, frames, ms, code, message } = entry
      const ignored = listed(entry.ignored ?? [])
      if (action) keep(action)
      const line = [
        mode,
        ...(action ? [WORDS[action.kind], action.fixture] : []),
        ...(action?.why ? [`(${action.why})`] : []),
        ...(action?.changes ? [`(${action.changes})`] : []),
        ...(code ? [code] : []),
        `${frames} ${frames === 1 ? 'frame' : 'frames'}`,
        `${Math.round(ms)} ms`,
        endpoint,
        ...(ignored ? [`(ignored: ${ignored})`] : []),
      ].join(' ')
      const fields = {
        endpoint,
        id,
        mode,
        action: action?.kind,
        fixture: action?.fixture,
        why: action?.why,
        changes: action?.changes,
        frames,
        ms: Math.round(ms * 10) / 10,
        code,
        error: message,
        ignored,
      }
      // A failure that is replayed is what was asked for, and a turn that is cancelled too.
      if (code === undefined || code === 'cancelled' || action?.kind === 'hit') log.info(line, fields)
      else log.warn(`${line}: ${message}`, fields)
    },
    close() {
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

/** The names of members that were ignored, within bounds: they are a client's. */
function listed(names: readonly string[]): string | undefined {
  const shown = names.slice(0, MAX_NAMES).map((name) => name.slice(0, MAX_NAME_CHARS))
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : ''
  return names.length > 0 ? `${shown.join(', ')}${more}` : undefined
}
