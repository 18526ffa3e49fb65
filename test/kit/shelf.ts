/** Folders of fixtures to look at: many, of every API, and such as nobody means well with. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { formatFixture } from '../../server/fixture/file.ts'
import type { Fixture } from '../../server/fixture/fixture.ts'
import { fileName, identify } from '../../server/fixture/key.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { WORDS } from '../sdks/wires/wire.ts'
import { compose, words } from './answers.ts'
import { callOf } from './calls.ts'
import { fixtureFor, fixtureOf, inOnePiece } from './fixtures.ts'
import { WAYS, callOfWay, recordsOf } from './rows.ts'

/** The text of each file, by its name below the folder. */
export type Shelf = Readonly<Record<string, string>>

/** A shelf with these fixtures, under the names that the server would give them. */
export const shelfOf = (...fixtures: readonly Fixture[]): Shelf =>
  Object.fromEntries(fixtures.map((fixture) => [fileName(fixture), formatFixture(fixture)]))

export async function fill(dir: string, shelf: Shelf): Promise<void> {
  for (const [name, text] of Object.entries(shelf)) {
    await mkdir(dirname(join(dir, name)), { recursive: true })
    await writeFile(join(dir, name), text)
  }
}

/** A fixture of a question and its answer, with text, thoughts and a call of a tool if it is said. */
export function answered(
  input: string,
  said: { readonly text?: string; readonly thought?: string; readonly tool?: string; readonly model?: string },
  more: Partial<Fixture> = {},
): Fixture {
  const { text, thought, tool, model = 'gpt-4.1-mini' } = said
  const answer = compose(input.replaceAll(/\W/g, ''), model)
  if (thought !== undefined) answer.reasoning(words(thought))
  if (tool !== undefined) answer.call(tool, ['{"city":', '"Paris"}'])
  if (text !== undefined) answer.text(words(text))
  return fixtureOf({ model, input }, answer.completed(), more)
}

/** Words of which no two neighbours are the same. */
const SEA = [
  'sea',
  'wave',
  'tide',
  'gull',
  'harbour',
  'rope',
  'lantern',
  'salt',
  'storm',
  'keel',
  'mast',
  'shore',
  'fog',
]

/** So many fixtures; the n-th asks for `question n of the …`. */
export function many(count: number): Shelf {
  const redactor = createRedactor()
  const kinds = SEA.map((word, index) => {
    const more = index % 6 === 5 ? { ending: { end: 'truncated' } as const } : {}
    const fixture = answered(`question NUMBER of the ${word}`, { text: `The ${word} is number ${index}.` }, more)
    return { word, key: fixture.key, text: formatFixture(fixture) }
  })
  const one = (index: number): [string, string] => {
    const { word = '', key = '', text = '' } = kinds[index % kinds.length] ?? {}
    const input = `question ${index} of the ${word}`
    const identity = identify(callOf({ model: 'gpt-4.1-mini', input }), redactor)
    return [fileName(identity), text.replace(key, identity.key).replace('NUMBER', String(index))]
  }
  return Object.fromEntries(Array.from({ length: count }, (_, index) => one(index)))
}

/** A fixture of so many records: text, with a thought and a call of a tool before it, and a silence in between. */
export function long(deltas: number): Fixture {
  const text = Array.from(
    { length: deltas },
    (_, index) => `${SEA[(index * 7) % SEA.length]}${index % 11 === 10 ? '.\n' : ' '}`,
  )
  const events = compose('long')
    .reasoning(words('Let me think about the sea for a while, and then tell of it.'))
    .call('look_at_the_sea', ['{"from":', '"the harbour"}'])
    .text(text)
    .completed()
  const made = fixtureOf({ model: 'gpt-4.1-mini', input: `Tell me ${deltas} words about the sea` }, events)
  const silence = Math.floor(events.length / 3)
  const at = (index: number) => 400 + index * 9 + (index % 5) * 3 + (index > silence ? 3100 : 0)
  const records = made.records.map((record, index) => ({ ...record, at: at(index) }))
  return { ...made, records, endedAt: at(records.length) }
}

/** What an answer of each API holds: how it streams, and the same in one piece. */
export const ofEveryApi = (): readonly { readonly name: string; readonly fixture: Fixture; readonly says: string }[] =>
  WAYS.flatMap((way) => {
    const [says = ''] = WORDS
    const streamed = callOfWay(way)
    const whole = callOfWay(way, { whole: true })
    const body = JSON.parse(way.wire.whole)
    return [
      {
        name: way.name,
        says,
        fixture: fixtureFor(streamed, {
          response: { status: 200, headers: [['content-type', way.wire.type]], framing: way.framing },
          records: recordsOf(way.wire.type, way.wire.tells).map((record, index) => ({
            ...record,
            at: 200 + 30 * index,
          })),
          endedAt: 600,
        }),
      },
      { name: `${way.name}, in one piece`, says, fixture: fixtureFor(whole, inOnePiece(body)) },
    ]
  })
