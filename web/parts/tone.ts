/** How an ending is meant. Pure. */
import type { Listed } from '../../server/fixture/listed.ts'

export type EndingName = Listed['ending']

/** Also the names of their colours. */
export type Tone = 'good' | 'warn' | 'bad'

/** Whatever is neither whole nor cut short went wrong. */
export const toneOf = (word: EndingName): Tone =>
  word === 'completed' ? 'good' : word === 'incomplete' ? 'warn' : 'bad'
