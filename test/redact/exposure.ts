/** Where the records of an answer still show a secret, however they are put together again. */
import { type AnswerRecord, textOf } from '../../server/api/record.ts'
import { type JsonValue, isObject } from '../../server/base/json.ts'
import { shows } from './disguises.ts'
import { leavesOf, nameOf, valuesOf } from './exchanges.ts'
import { type Piece, piecesOf } from './parts.ts'

/** A plain body is one text, wherever it was cut. */
const whole = (records: readonly AnswerRecord[]): readonly AnswerRecord[] => {
  const text = textOf(records)
  return text !== undefined && records.every(({ event, data }) => event === undefined && data === undefined)
    ? [{ at: 0, wire: text }]
    : records
}

/** Texts that readers make of records: the strings of one place, of one part, of one record, in order. */
function* textsOf(records: readonly AnswerRecord[]): Generator<readonly [how: string, text: string]> {
  const pieces = piecesOf(records)
  const ways: Readonly<Record<string, (piece: (typeof pieces)[number]) => string>> = {
    place: ({ place }) => JSON.stringify(place),
    name: ({ place }) => JSON.stringify(place.filter((step) => typeof step === 'string')),
    part: ({ part }) => part,
    list: ({ place, record, line }) =>
      JSON.stringify([
        record,
        line,
        place.slice(
          0,
          place.findLastIndex((step) => typeof step === 'number'),
        ),
        nameOf({ place }),
      ]),
  }
  for (const [how, keyOf] of Object.entries(ways)) {
    for (const [key, list] of Map.groupBy(pieces, keyOf)) yield [`${how} ${key}`, joined(list)]
  }
  const bytes = records.flatMap(valuesOf).flatMap((value) => (value === undefined ? [] : bytesIn(value)))
  yield ['bytes', Buffer.from(bytes).toString()]
  for (const { wire } of records) yield ['wire', typeof wire === 'string' ? wire : Buffer.from(wire).toString('latin1')]
}

const joined = (pieces: readonly Piece[]): string => pieces.map(({ value }) => value).join('')

/** The bytes of tokens, which stand beside them as numbers. */
const bytesIn = (value: JsonValue): number[] =>
  [...leavesOf(value)].flatMap((leaf) =>
    nameOf(leaf) === 'bytes' && typeof leaf.value === 'number' ? [leaf.value] : [],
  )

/** The names of members. */
const namesIn = (value: JsonValue): string[] =>
  isObject(value)
    ? Object.entries(value).flatMap(([name, member]) => [name, ...namesIn(member)])
    : Array.isArray(value)
      ? value.flatMap(namesIn)
      : []

/** Where a secret can be read; undefined if nowhere. */
export function whereShown(written: readonly AnswerRecord[], secret: string): string | undefined {
  const records = whole(written)
  const seen = new Set<string>()
  for (const [how, text] of textsOf(records)) {
    if (!seen.has(text) && shows(text, secret)) return how
    seen.add(text)
  }
  const names = records.flatMap(valuesOf).flatMap((value) => (value === undefined ? [] : namesIn(value)))
  return names.some((name) => shows(name, secret)) ? 'the name of a member' : undefined
}
