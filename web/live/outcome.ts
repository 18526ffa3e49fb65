/** What became of a turn, in a word with an icon of its own. Pure. */
import type { LiveTurn } from '../../server/serve/feed.ts'
import type { Tone } from '../parts/tone.ts'

export interface Outcome {
  readonly word: string
  readonly icon: 'check' | 'noEntry' | 'download' | 'warning' | 'play' | 'stop'
  readonly tone: Tone | 'plain'
}

const OF_ACTIONS: Readonly<Record<NonNullable<LiveTurn['action']>, Outcome>> = {
  hit: { word: 'hit', icon: 'check', tone: 'good' },
  miss: { word: 'miss', icon: 'noEntry', tone: 'bad' },
  written: { word: 'written', icon: 'check', tone: 'good' },
  saved: { word: 'saved', icon: 'download', tone: 'good' },
  unchanged: { word: 'unchanged', icon: 'check', tone: 'plain' },
  not_saved: { word: 'not saved', icon: 'warning', tone: 'warn' },
}

export function outcomeOf({ open, action, code }: Pick<LiveTurn, 'open' | 'action' | 'code'>): Outcome {
  if (open) return { word: 'running', icon: 'play', tone: 'plain' }
  if (code === 'cancelled') return { word: 'cancelled', icon: 'stop', tone: 'plain' }
  if (action !== undefined) return OF_ACTIONS[action]
  if (code !== undefined) return { word: 'error', icon: 'warning', tone: 'bad' }
  return { word: 'answered', icon: 'check', tone: 'good' }
}

/** What is said of a miss, and the command that records the call; without one where there is none. */
export function explained(message: string): { readonly text: string; readonly command: string | undefined } {
  const found = /^(.*) To record it: `(.+)`(?:, and send it again)?\.\s*$/s.exec(message)
  return found ? { text: found[1] ?? '', command: found[2] } : { text: message, command: undefined }
}
