/**
 * What an engine knows of answers: an index of empty objects, `.index/<kind>/<hash>/<key>/<name>`, written before the
 * fixture that it names. One listing answers a question, and no body is read. What the index says is looked up: an entry
 * may be older than what has its name now, or of a fixture that was never written.
 */
import { createHash } from 'node:crypto'
import type { Candidate, Fixture } from '../../fixture/fixture.ts'
import type { Identity } from '../../fixture/key.ts'
import { type Sketch, turnOf } from '../../fixture/sketch.ts'
import type { Answers } from './answers.ts'
import type { Driver } from '../driver.ts'
import { type Finder, sketchNow } from '../find/finder.ts'
import { isNewer } from '../read/shelf.ts'

/** How many marks of an answer are written down, and how many of a request are looked for: each is a request of its own. */
const MAX_MARKS = 16

/** How many entries are looked up for one question. */
const MAX_ENTRIES = 32

/** The longest name of a model that is written down, in bytes as it stands there: names of objects have an end. */
const MAX_MODEL_BYTES = 300

const INDEX = '.index'

/** A client's text of any length becomes a part of a name. */
const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

const byResponse = (id: string): string => `${INDEX}/response/${hashOf(id)}/`

const byTurn = (turn: string): string => `${INDEX}/turn/${turn}/`

const byMark = (mark: string): string => `${INDEX}/mark/${hashOf(mark)}/`

const MODELS = `${INDEX}/model/`

const NOTHING = new Uint8Array()

/** What stands in the index of a fixture with a name. */
function entriesOf(fixture: IndexedFixture, name: string): string[] {
  const { key, request, previousKey, responseId, knownBy = [] } = fixture
  const { model } = request
  const named = typeof model === 'string' && model.isWellFormed() ? encodeURIComponent(model) : ''
  return [
    ...(responseId === undefined ? [] : [`${byResponse(responseId)}${key}/${name}`]),
    ...(previousKey === undefined ? [] : [`${byTurn(turnOf(fixture))}${previousKey}/${name}`]),
    ...knownBy.slice(0, MAX_MARKS).map((mark) => `${byMark(mark)}${key}/${name}`),
    ...(named !== '' && named.length <= MAX_MODEL_BYTES ? [`${MODELS}${named}`] : []),
  ]
}

/** What of a fixture counts for the index. */
export type IndexedFixture = Identity & Pick<Fixture, 'responseId' | 'knownBy'>

/** Writes what stands in the index of a fixture with a name, before the fixture itself. */
export async function writeIndex(driver: Driver, fixture: IndexedFixture, name: string): Promise<void> {
  await Promise.all(entriesOf(fixture, name).map((entry) => driver.putIf(entry, NOTHING, 'absent')))
}

/** Takes away what stood in the index of a fixture that is gone, but for what stands there of another with its name. */
export async function removeIndex(driver: Driver, gone: Candidate, by?: IndexedFixture): Promise<void> {
  // The model may be that of others.
  const stays = new Set(by ? entriesOf(by, gone.name) : [])
  const own = entriesOf(gone, gone.name).filter((entry) => !entry.startsWith(MODELS) && !stays.has(entry))
  await Promise.all(own.map((entry) => driver.remove(entry)))
}

export function createIndexed(driver: Driver, finder: Finder): Answers {
  /** The fixtures that stand under a part of the index, and are what it says. */
  const under = async (prefix: string, most: number, is: (sketch: Sketch) => boolean): Promise<Sketch[]> => {
    const found: Sketch[] = []
    for await (const { entries } of driver.list(prefix)) {
      for (const { name } of entries) {
        const sketch = await sketchNow(finder, name.slice(name.lastIndexOf('/') + 1))
        if (sketch && is(sketch) && found.push(sketch) >= most) return found
      }
    }
    return found
  }
  const holds = (answerId: string) => (sketch: Sketch) => sketch.responseId === answerId
  return {
    holding: (answerId, most) => under(byResponse(answerId), most, holds(answerId)),
    async newest(answerId) {
      const held = await under(byResponse(answerId), MAX_ENTRIES, holds(answerId))
      return held.toSorted((a, b) => (isNewer(a, b) ? -1 : 1))[0]
    },
    holder: async (key, answerId) => (await under(`${byResponse(answerId)}${key}/`, 1, holds(answerId)))[0],
    async continuedBy(turn) {
      const asking = await under(byTurn(turn), MAX_ENTRIES, ({ continues }) => continues?.turn === turn)
      return asking.flatMap(({ continues }) => continues?.key ?? [])
    },
    look: async () => undefined,
    saving: (fixture, name) => writeIndex(driver, fixture, name),
    removed: (fixture, by) => removeIndex(driver, fixture, by),
    marks: {
      most: MAX_MARKS,
      async namesOf(mark) {
        const found: string[] = []
        for await (const { entries } of driver.list(byMark(mark))) {
          for (const { name } of entries) found.push(name.slice(name.lastIndexOf('/') + 1))
          if (found.length >= MAX_ENTRIES) break
        }
        return found
      },
      add() {},
    },
    async models() {
      const found: string[] = []
      for await (const { entries } of driver.list(MODELS))
        for (const { name } of entries) found.push(decodeURIComponent(name.slice(MODELS.length)))
      return found
    },
  }
}
