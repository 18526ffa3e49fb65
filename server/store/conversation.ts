/** Which fixture a call continues: by the id of the answer that it names. */
import { LRUCache } from 'lru-cache'
import type { Candidate } from '../fixture/fixture.ts'
import { type Asked, type Identity, keyOf } from '../fixture/key.ts'
import { type Finder, passDamage } from './finder.ts'

/** How many ids of answers are remembered. */
const MAX_ANSWERS = 100_000

export interface Conversations {
  /** The identity of a call that continues the answer with this id. */
  identify(asked: Asked, answerId: string): Promise<Identity>
  /** An answer with this id was saved under this key. */
  saved(answerId: string, key: string): void
}

export function createConversations(finder: Finder): Conversations {
  /** The keys that this process saved an answer with this id under, the last first: a later recording has another id. */
  const answered = new LRUCache<string, readonly string[]>({ max: MAX_ANSWERS })

  /**
   * The keys of the fixtures that hold, or held, the answer with this id, the last recorded first. Looks among those
   * that are known already before it looks into all, so that a conversation costs no survey a turn.
   */
  const keysOf = async (answerId: string): Promise<string[]> => {
    const holds = (candidate: Candidate | undefined) => candidate?.responseId === answerId
    const names = [...finder.known()].filter(holds).map(({ name }) => name)
    const known = (await Promise.all(names.map((name) => finder.header(name).catch(passDamage)))).filter(holds)
    const here = answered.get(answerId) ?? []
    const found =
      known.length + here.length > 0
        ? known
        : ((await finder.survey().catch(passDamage))?.candidates ?? []).filter(holds)
    const inOrder = found
      .filter((candidate) => candidate !== undefined)
      .toSorted((a, b) => b.recorded.at.localeCompare(a.recorded.at) || a.name.localeCompare(b.name))
    return [...new Set([...here, ...inOrder.map(({ key }) => key)])]
  }

  return {
    /**
     * The API gives every answer an id of its own, but not all that stands in for it does. If several fixtures hold an
     * answer with this id, the one counts whose continuation was recorded, or else the last.
     */
    async identify(asked, answerId) {
      const identities = (await keysOf(answerId)).map((previousKey) => withKey({ ...asked, previousKey }))
      const [last, ...older] = identities
      if (last === undefined || older.length === 0) return last ?? withKey(asked)
      for (const identity of identities) if (await finder.locate(identity.key).catch(passDamage)) return identity
      return last
    },
    saved(answerId, key) {
      answered.set(answerId, [...new Set([key, ...(answered.get(answerId) ?? [])])])
    },
  }
}

const withKey = (asked: Asked): Identity => ({ key: keyOf(asked), ...asked })
