/** What is known of a replay, and of the further ones that follow it. Pure. */
import type { LiveTurn } from '../../server/serve/feed.ts'
import type { View } from '../../server/serve/page/data.ts'
import type { Cut } from './expected.ts'
import { type Heard, isWhole } from './heard.ts'

/** Two further replays that were asked for at once: turns on one connection, or calls. */
export interface Pair {
  readonly first: Heard
  readonly second: Heard
  /** Of which turn each frame was, in the order in which they came: `1122`; `?` is of neither. */
  readonly order: string
  /** The code with which the connection closed, if it did before both had ended. */
  readonly closed?: number
}

/** A client that left. */
export interface Left {
  /** Its turn as the server told of it last; absent if it told nothing. */
  readonly turn?: LiveTurn | undefined
  /** How many frames, or bytes, had come. */
  readonly came: number
}

/** What is known so far. */
export interface Facts {
  readonly heard: Heard
  /** The words of the fault that is played; empty for none. */
  readonly fault: string
  /** Where it cuts the recording, if that can be told of its words. */
  readonly cut?: Cut | undefined
  /** What the fixture says of itself. */
  readonly recorded: Pick<View, 'status' | 'ending'>
  readonly pair?: Pair | undefined
  readonly left?: Left | undefined
  /** Whether it was stopped: what is not known by then never will be. */
  readonly stopped: boolean
}

/** Whether the fault ends the answer, and came: one behind the end of an answer does not. */
export const isCut = ({ heard, cut }: Facts): boolean => cut?.fault.kind.ends !== undefined && !isWhole(heard)

/** Whether a body broke, and is the recorded one as far as it came: a browser throws away what was not read by then. */
const isBrokenBeginning = ({ end, difference }: Heard): boolean => end?.how === 'broken' && difference === undefined

/** Whether the fault cut the answer, and all that came before the fault was recorded. */
export const isCutAsMeant = (facts: Facts): boolean => {
  const { heard, cut } = facts
  return isCut(facts) && (isBrokenBeginning(heard) || (heard.difference ?? heard.length) >= (cut?.length ?? 0))
}

/** The endings that break the connection of a call over HTTP. */
export const BROKEN: ReadonlySet<string> = new Set(['reset', 'stalled', 'unreachable'])

/** Whether what came is what was recorded. */
export const isRecorded = ({ heard, recorded }: Facts): boolean =>
  isWhole(heard) || (BROKEN.has(recorded.ending) && isBrokenBeginning(heard))
