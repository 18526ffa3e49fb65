/** The records of an answer and the pieces of what it says, by column. Pure. */
import type { Api } from '../../api/api.ts'
import { isStream } from '../../api/framing/index.ts'
import type { AnswerRecord } from '../../api/record.ts'
import type { Piece, Told } from '../../api/told.ts'
import type { Fixture } from '../../fixture/fixture.ts'
import type { Read } from '../../fixture/summary.ts'
import type { Block, Kind, Pieces, Records } from './data.ts'

/** A piece of any kind; of tool calls it is known which, and the name of the tool. */
interface Said extends Piece {
  readonly kind: Kind
  readonly call?: number
  readonly name?: string
}

/** The pieces of all kinds in the order in which they came; of those that came with one event, thoughts are first. */
const saidIn = ({ pieces, thoughts = [], calls = [] }: Told): Said[] =>
  [
    ...thoughts.map((piece) => ({ ...piece, kind: 'reasoning' }) satisfies Said),
    ...pieces.map((piece) => ({ ...piece, kind: 'text' }) satisfies Said),
    ...calls.map((piece) => ({ ...piece, kind: 'tool' }) satisfies Said),
  ].toSorted((a, b) => a.event - b.event)

/**
 * What an answer says, as blocks and the pieces that they are made of.
 *
 * @param records the answer's: an event that is none of theirs stands for the whole body, and came with the last
 */
export function saidBy(
  { told, events }: Read,
  records: readonly AnswerRecord[],
): { readonly blocks: readonly Block[]; readonly pieces: Pieces } {
  const places = new Map(records.map(({ event }, index) => [event, index]))
  const recordOf = (index: number) => places.get(events[index]) ?? records.length - 1
  const blocks: { kind: Kind; name?: string | undefined }[] = []
  let inPart: string | undefined
  const ofCall = new Map<number, number>()
  const pieces = { record: new Array<number>(), block: new Array<number>(), text: new Array<string>() }
  for (const { kind, call, name, event, text, part } of saidIn(told)) {
    const last = blocks.length - 1
    const goesOn = blocks[last]?.kind === kind && inPart === part
    const own = call === undefined ? (goesOn ? last : undefined) : ofCall.get(call)
    inPart = part
    const block = own ?? blocks.push({ kind }) - 1
    if (call !== undefined) ofCall.set(call, block)
    const shown = blocks[block]
    if (shown && name) shown.name = name
    pieces.record.push(recordOf(event))
    pieces.block.push(block)
    pieces.text.push(text)
  }
  return { blocks, pieces }
}

/** What a record is in words: the type of its event, or in brackets what else it is. */
type Naming = (record: AnswerRecord, index: number) => string

/** The records of an answer, and the words for what they are. */
export function recordsOf(
  { records, response }: Pick<Fixture, 'records' | 'response'>,
  api: Api,
  { blocks, pieces }: ReturnType<typeof saidBy>,
): { readonly types: readonly string[]; readonly records: Records } {
  const kinds = new Map(pieces.record.map((record, index) => [record, blocks[pieces.block[index] ?? 0]?.kind]))
  const rest = response && isStream(response.framing) ? '(comment)' : '(body)'
  const nameOf: Naming = ({ event, data }, index) => {
    if (!event) return data === undefined ? rest : data === DONE ? DONE : '(data)'
    return event.type || `(${kinds.get(index) ?? (api.told([event]).usage ? 'usage' : 'no type')})`
  }
  const types = new Map<string, number>()
  const columns = { at: new Array<number>(), type: new Array<number>(), bytes: new Array<number>() }
  const wires: string[] = []
  const binary: number[] = []
  for (const [index, record] of records.entries()) {
    const name = nameOf(record, index)
    const type = types.get(name) ?? types.size
    types.set(name, type)
    const { at, wire } = record
    columns.at.push(at)
    columns.type.push(type)
    columns.bytes.push(Buffer.byteLength(wire))
    if (typeof wire !== 'string') binary.push(index)
    wires.push(typeof wire === 'string' ? wire : Buffer.from(wire).toString('base64'))
  }
  return { types: [...types.keys()], records: { ...columns, wire: wires, binary } }
}

/** The data with which many APIs end a stream. */
const DONE = '[DONE]'
