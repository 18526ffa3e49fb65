/** Texts that come in pieces: which leaves of which records belong together, and where they stand once more as a whole. */
import type { AnswerRecord } from '../../server/api/record.ts'
import type { JsonObject, JsonValue } from '../../server/base/json.ts'
import { isObject } from '../../server/base/json.ts'
import type { Place } from '../../server/base/json-text.ts'
import { type Leaf, leavesOf, nameOf, valuesOf } from './exchanges.ts'

/** A string of a record. */
export interface Piece {
  readonly record: number
  /** Which of the values of the record: one of its lines. */
  readonly line: number
  readonly place: Place
  readonly value: string
}

/** Members that tell which of several texts a piece belongs to. */
const TELLING = ['output_index', 'item_id', 'content_index', 'summary_index', 'command_index', 'index', 'id']

/** Which text a piece belongs to: its place without the positions in lists, and what tells it from others. */
function partOf(root: JsonValue, { place }: Leaf): string {
  const told: unknown[] = []
  let value: JsonValue | undefined = root
  for (const step of place) {
    if (isObject(value))
      for (const name of TELLING) if (name in value && typeof value[name] !== 'object') told.push([name, value[name]])
    value = isObject(value)
      ? value[String(step)]
      : Array.isArray(value) && typeof step === 'number'
        ? value[step]
        : undefined
  }
  const type = isObject(root) && typeof root.type === 'string' ? root.type : ''
  return JSON.stringify([type, place.filter((step) => typeof step === 'string'), told])
}

/** The strings of all records. */
export const piecesOf = (
  records: readonly AnswerRecord[],
): (Piece & { readonly part: string; readonly leaf: Leaf })[] =>
  records.flatMap((each, record) =>
    valuesOf(each).flatMap((root, line) =>
      root === undefined
        ? []
        : [...leavesOf(root)].flatMap((leaf) =>
            typeof leaf.value === 'string'
              ? [{ record, line, place: leaf.place, value: leaf.value, part: partOf(root, leaf), leaf }]
              : [],
          ),
    ),
  )

/** Members that hold what streams. */
const STREAMED =
  /^(?:delta|content|text|thinking|partial_json|arguments|reasoning|reasoning_content|stdout|stderr|refusal|response)$/

/** The texts that came in several pieces. */
export function partsOf(records: readonly AnswerRecord[]): Map<string, readonly Piece[]> {
  const pieces = piecesOf(records).filter(({ leaf }) => STREAMED.test(nameOf(leaf)))
  const parts = Map.groupBy(pieces, ({ part }) => part)
  return new Map([...parts].filter(([, list]) => new Set(list.map(({ record, line }) => `${record} ${line}`)).size > 1))
}

/** Members in which a text that came in pieces stands once more. */
const WHOLE = /^(?:text|arguments|refusal|input|code|partial_json|stdout|stderr|content)$/

/** Where the texts that came in pieces stand once more as a whole. */
export function wholesOf(records: readonly AnswerRecord[]): { readonly part: string; readonly at: Piece }[] {
  const byText = new Map<string, string>()
  const inParts = new Set<string>()
  for (const [part, pieces] of partsOf(records)) {
    byText.set(pieces.map(({ value }) => value).join(''), part)
    for (const piece of pieces) inParts.add(keyOf(piece))
  }
  byText.delete('')
  return piecesOf(records).flatMap((piece) => {
    const part = byText.get(piece.value)
    return part !== undefined && WHOLE.test(nameOf(piece.leaf)) && !inParts.has(keyOf(piece))
      ? [{ part, at: piece }]
      : []
  })
}

/** Names a string of a list of records. */
export const keyOf = ({ record, line, place }: Pick<Piece, 'record' | 'line' | 'place'>): string =>
  JSON.stringify([record, line, place])

/** The value of an object at a place, changed. */
export function withValueAt(root: JsonValue, place: Place, value: JsonValue): JsonValue {
  const [step, ...rest] = place
  if (step === undefined) return value
  if (Array.isArray(root)) return root.map((item, index) => (index === step ? withValueAt(item, rest, value) : item))
  const object: JsonObject = isObject(root) ? root : {}
  return Object.fromEntries(
    Object.entries(object).map(([name, member]) => [name, name === step ? withValueAt(member, rest, value) : member]),
  )
}
