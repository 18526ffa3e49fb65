/** Which fixture a call continues: by the id of the answer that it names. */
import { LRUCache } from 'lru-cache'
import { nextTurn } from '../base/clock.ts'
import type { DeltatapeError } from '../base/errors.ts'
import { isDamage } from '../fixture/damage.ts'
import { type Asked, type Identity, keyOf } from '../fixture/key.ts'
import { type Sketch, turnOf } from '../fixture/sketch.ts'
import { UnreadableError } from './disk.ts'
import type { Finder } from './finder.ts'
import { isNewer } from './shelf.ts'

/** How much is remembered of the ids of answers, in bytes. */
const ANSWERS_BYTES = 16 * 1024 * 1024

/** How many keys are remembered of one id, and how long an id may be, in characters. */
const MAX_KEYS = 16

const MAX_ID_CHARS = 256

export interface Continued {
  readonly identity: Identity
  /** Why it is not certain which fixture is continued: something could not be read. */
  readonly doubt?: DeltatapeError | undefined
}

export interface Conversations {
  /** The identity of a call that continues the answer with this id. */
  identify(asked: Asked, answerId: string): Promise<Continued>
  /** An answer with this id was saved under this key. */
  saved(answerId: string, key: string): void
}

export function createConversations(finder: Finder): Conversations {
  const { shelf } = finder
  const { continuation, last, only, saved } = createAnswers(finder)

  return {
    /**
     * The API gives every answer an id of its own, but not all that stands in for it does. If several fixtures hold an
     * answer with this id, the one counts whose continuation was recorded, or else the last. Looks among what is known
     * before it looks at files, so that a conversation costs no survey a turn.
     */
    async identify(asked, answerId) {
      const one = await only(answerId)
      if (one !== undefined) return { identity: withKey({ ...asked, previousKey: one }) }
      const turn = turnOf(asked)
      const known = await continuation(turn, answerId)
      if (known !== undefined) return { identity: withKey({ ...asked, previousKey: known }) }
      const looking = shelf.newestWith(answerId) ? finder.catchUp() : finder.overview()
      const doubt = await looking.then(({ unknown }) => unknown, orUnread)
      await nextTurn()
      const previousKey = (await continuation(turn, answerId)) ?? (await last(answerId))
      return { identity: withKey(previousKey === undefined ? asked : { ...asked, previousKey }), doubt }
    },
    saved,
  }
}

/** Which fixtures hold the answer with an id, of those that are known. */
function createAnswers(finder: Finder) {
  const { shelf } = finder
  /** The keys that this process saved an answer with this id under, the last first: a later recording has another id. */
  const answered = new LRUCache<string, readonly string[]>({
    maxSize: ANSWERS_BYTES,
    sizeCalculation: (keys, id) => 200 + 2 * id.length + 100 * keys.length,
  })

  /** The recorded continuation of an answer with this id that asks the same: that of the last recorded answer. */
  const continuation = async (turn: string, answerId: string): Promise<string | undefined> => {
    for (;;) {
      let best: { readonly child: Sketch; readonly parent: Sketch | undefined; readonly key: string } | undefined
      const here = answered.get(answerId) ?? []
      for (const child of shelf.turns(turn)) {
        const key = child.continues?.key ?? ''
        const parent = shelf.answering(key, answerId)
        if (!parent && !here.includes(key)) continue
        if (!best || (parent && (!best.parent || isNewer(parent, best.parent)))) best = { child, parent, key }
      }
      if (!best) return undefined
      if ((await isStill(finder, best.child)) && (!best.parent || (await isStill(finder, best.parent)))) return best.key
    }
  }

  /** The last recorded answer with this id. */
  const last = async (answerId: string): Promise<string | undefined> => {
    const [here] = answered.get(answerId) ?? []
    if (here !== undefined) return here
    for (let newest = shelf.newestWith(answerId); newest; newest = shelf.newestWith(answerId)) {
      if (await isStill(finder, newest)) return newest.key
    }
    return undefined
  }

  /** The one fixture that is known to hold an answer with this id; undefined if there are several, or none. */
  const only = async (answerId: string): Promise<string | undefined> => {
    const here = answered.get(answerId) ?? []
    const [key, ...others] = new Set([...here, ...shelf.keysWith(answerId, 2)])
    if (key === undefined || others.length > 0) return undefined
    const sketch = shelf.answering(key, answerId)
    return here.includes(key) || (sketch && (await isStill(finder, sketch))) ? key : undefined
  }

  return {
    continuation,
    last,
    only,
    saved(answerId: string, key: string): void {
      if (answerId.length > MAX_ID_CHARS) return
      answered.set(answerId, [...new Set([key, ...(answered.get(answerId) ?? [])])].slice(0, MAX_KEYS))
    },
  }
}

/**
 * Whether a fixture is as it was: another process may have changed its file, or taken it away, and then it is known no
 * more. One that cannot be read now is there.
 */
async function isStill(finder: Finder, sketch: Sketch): Promise<boolean> {
  try {
    const now = await finder.sketch(sketch.name)
    return now?.key === sketch.key && now.responseId === sketch.responseId
  } catch (error) {
    if (!isDamage(error)) throw error
    return error instanceof UnreadableError
  }
}

const withKey = (asked: Asked): Identity => ({ key: keyOf(asked), ...asked })

function orUnread(error: unknown): UnreadableError {
  if (error instanceof UnreadableError) return error
  throw error
}
