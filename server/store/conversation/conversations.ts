/** Which fixture a call continues: by the id of the answer that it names. */
import { LRUCache } from 'lru-cache'
import { nextTurn } from '../../base/clock.ts'
import type { DeltatapeError } from '../../base/errors.ts'
import { type Asked, type Identity, keyOf } from '../../fixture/key.ts'
import { type Sketch, turnOf } from '../../fixture/sketch.ts'
import type { Answers } from './answers.ts'
import { isNewer } from '../read/shelf.ts'

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

export function createConversations(answers: Answers): Conversations {
  /** The keys that this process saved an answer with this id under, the last first: a later recording has another id. */
  const answered = new LRUCache<string, readonly string[]>({
    maxSize: ANSWERS_BYTES,
    sizeCalculation: (keys, id) => 200 + 2 * id.length + 100 * keys.length,
  })
  const savedHere = (answerId: string): readonly string[] => answered.get(answerId) ?? []

  /** The one fixture that is known to hold an answer with this id; undefined if there are several, or none. */
  const only = async (answerId: string): Promise<string | undefined> => {
    const held = await answers.holding(answerId, 2)
    const [key, ...others] = new Set([...savedHere(answerId), ...held.map((sketch) => sketch.key)])
    return others.length > 0 ? undefined : key
  }

  /** The recorded continuation of an answer with this id that asks the same: that of the last recorded answer. */
  const continuation = async (turn: string, answerId: string): Promise<string | undefined> => {
    const here = savedHere(answerId)
    let best: { readonly key: string; readonly parent: Sketch | undefined } | undefined
    for (const key of await answers.continuedBy(turn)) {
      const parent = await answers.holder(key, answerId)
      if (!parent && !here.includes(key)) continue
      if (!best || (parent && (!best.parent || isNewer(parent, best.parent)))) best = { key, parent }
    }
    return best?.key
  }

  const last = async (answerId: string): Promise<string | undefined> =>
    savedHere(answerId)[0] ?? (await answers.newest(answerId))?.key

  return {
    /**
     * The API gives every answer an id of its own, but not all that stands in for it does. If several fixtures hold an
     * answer with this id, the one counts whose continuation was recorded, or else the last. Looks among what is known
     * before it looks at everything, so that a conversation costs no survey a turn.
     */
    async identify(asked, answerId) {
      const one = await only(answerId)
      if (one !== undefined) return { identity: withKey({ ...asked, previousKey: one }) }
      const turn = turnOf(asked)
      const known = await continuation(turn, answerId)
      if (known !== undefined) return { identity: withKey({ ...asked, previousKey: known }) }
      const doubt = await answers.look(answerId)
      await nextTurn()
      const previousKey = (await continuation(turn, answerId)) ?? (await last(answerId))
      return { identity: withKey(previousKey === undefined ? asked : { ...asked, previousKey }), doubt }
    },
    saved(answerId, key) {
      if (answerId.length > MAX_ID_CHARS) return
      answered.set(answerId, [...new Set([key, ...savedHere(answerId)])].slice(0, MAX_KEYS))
    },
  }
}

const withKey = (asked: Asked): Identity => ({ key: keyOf(asked), ...asked })
