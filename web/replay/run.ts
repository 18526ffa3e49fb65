/** One run: takes before it, the replay that is looked at, and the further replays that the rules need. */
import type { View } from '../../server/serve/page/data.ts'
import { AT_ONCE, type Manner, endName, newName, whenAborted } from './asking.ts'
import { playCall } from './call.ts'
import { type Listening, playPair, playTurn } from './chat.ts'
import { type Expected, type Replayed, cutBy, expectedOf } from './expected.ts'
import { eventsBefore, eventsOf, faultIn } from './faults.ts'
import { type Leaver, leave } from './leaving.ts'
import type { Facts, Pair } from './facts.ts'

export interface RunOptions {
  readonly view: View
  readonly replay: Replayed
  readonly manner: Manner
  /** What breaks every answer of this server for which nobody asks otherwise. */
  readonly usualFault?: string | undefined
  /** Stops it. */
  readonly signal: AbortSignal
  /** Is called with what is known by now, as soon as there is more; what was heard grows without that. */
  readonly told: (facts: Facts) => void
}

/** How a client of the fixture speaks, under a name: the players know no more. */
type Player = (name: string, manner: Manner, signal: AbortSignal, arrived: () => void) => Listening

const nothing = (): void => undefined

function playerOf(replay: Replayed, expected: Expected): Player {
  return (name, manner, signal, arrived) =>
    replay.how === 'chat'
      ? playTurn({ name, message: replay.message, expected, manner }, signal, arrived)
      : playCall({ name, call: replay, expected, manner }, signal, arrived)
}

/** Plays a fixture, and checks the rules. Resolves when all is known, or it was stopped. Never rejects. */
export async function run({ view, replay, manner, usualFault, signal, told }: RunOptions): Promise<void> {
  const expected = expectedOf(view, replay.how)
  const play = playerOf(replay, expected)
  const name = newName()
  const names = new Set<string>()
  const own = new AbortController()
  const all = AbortSignal.any([signal, own.signal])

  /** A name under which the next answer is the take that is looked at. */
  const nameFor = async (part: string): Promise<string> => {
    const full = `${name}${part}`
    names.add(full)
    for (let take = 1; take < replay.take && !all.aborted; take++) {
      const once = new AbortController()
      await play(full, AT_ONCE, AbortSignal.any([all, once.signal]), nothing).over
      once.abort()
    }
    return full
  }
  const fault = manner.fault || usualFault || ''
  const one = faultIn(fault)
  try {
    const main = await nameFor('')
    if (signal.aborted) return
    const { heard, over } = play(main, manner, all, () => know({}))
    let facts: Facts = { heard, fault, cut: one && cutBy(view, expected, one), recorded: view, stopped: false }
    const know = (more: Partial<Facts>): void => told((facts = { ...facts, ...more }))
    whenAborted(signal, () => know({ stopped: true }))
    know({})
    await over
    if (signal.aborted) return
    const instant: Manner = { pace: 'instant', fault: manner.fault }
    await Promise.all([
      replay.how === 'chat'
        ? pairOf(replay.message, expected, await nameFor('-pair'), instant, all).then((pair) => know({ pair }))
        : callsOf(play, [await nameFor('-one'), await nameFor('-other')], instant, all).then((pair) => know({ pair })),
      leftBy(play, view, expected, await nameFor('-leaves'), all).then((left) => know({ left })),
    ])
  } finally {
    own.abort()
    await Promise.all([...names].map(endName))
  }
}

const pairOf = (message: string, expected: Expected, name: string, manner: Manner, signal: AbortSignal) =>
  playPair({ name, message, expected, manner }, signal)

async function callsOf(
  play: Player,
  [one, other]: [string, string],
  manner: Manner,
  signal: AbortSignal,
): Promise<Pair> {
  const [first, second] = [play(one, manner, signal, nothing), play(other, manner, signal, nothing)]
  await Promise.all([first.over, second.over])
  return { first: first.heard, second: second.heard, order: '' }
}

/** How long an answer waits for its client to leave, in ms. */
const WAITS_MS = 60_000

/** A client that leaves an answer which waits: behind its first frame or event, or before it if nothing comes behind that. */
function leftBy(play: Player, view: View, expected: Expected, name: string, signal: AbortSignal) {
  const events = eventsOf(view)
  const first = expected.until.findIndex((length) => length > 0)
  const after = eventsBefore(events, first + 1)
  const isMiddle = first !== -1 && after > 0 && after < eventsBefore(events, events.length)
  const fault = `delay:${WAITS_MS}ms@${isMiddle ? after : 0}`
  const begin: Leaver = (going, arrived) => play(name, { pace: 'instant', fault }, going, arrived)
  return leave(name, begin, isMiddle, signal)
}
