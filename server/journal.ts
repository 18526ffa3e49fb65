/** What happened: a line for each turn, and in the end what became of the recordings. */
import type { Mode } from './config.ts'
import type { ErrorCode } from './errors.ts'
import type { Log } from './log.ts'
import type { Action } from './model/model.ts'

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
  const fates = new Map<string, Action>()
  return {
    turn(entry) {
      const { endpoint, id, action, frames, ms, code, message, ignored = [] } = entry
      if (action) fates.set(action.fixture, action)
      const line = [
        mode,
        ...(action ? [WORDS[action.kind], action.fixture] : []),
        ...(action?.why ? [`(${action.why})`] : []),
        ...(code ? [code] : []),
        `${frames} ${frames === 1 ? 'frame' : 'frames'}`,
        `${Math.round(ms)} ms`,
        endpoint,
        ...(ignored.length > 0 ? [`(ignored: ${ignored.join(', ')})`] : []),
      ].join(' ')
      const fields = {
        endpoint,
        id,
        mode,
        action: action?.kind,
        fixture: action?.fixture,
        why: action?.why,
        frames,
        ms: Math.round(ms * 10) / 10,
        code,
        error: message,
        ignored: ignored.length > 0 ? ignored.join(', ') : undefined,
      }
      // A failure that is replayed is what was asked for, and a turn that is cancelled too.
      if (code === undefined || code === 'cancelled' || action?.kind === 'hit') log.info(line, fields)
      else log.warn(`${line}: ${message}`, fields)
    },
    close() {
      const ended = [...fates.values()]
      const count = (kind: Action['kind']) => ended.filter((action) => action.kind === kind).length
      const lost = ended.filter((action) => action.kind === 'not_saved')
      if (count('saved') + count('unchanged') + lost.length === 0) return
      log.info(`recorded: ${count('saved')} saved, ${count('unchanged')} unchanged, ${lost.length} not saved`, {
        saved: count('saved'),
        unchanged: count('unchanged'),
        not_saved: lost.length,
      })
      for (const { fixture, why } of lost) log.warn(`not saved: ${fixture}: ${why}`, { fixture, why })
    },
  }
}
