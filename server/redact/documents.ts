/** The JSON texts of one answer, searched together: a secret may be split over any strings that stream. */
import type { Api } from '../api/api.ts'
import type { IsWord } from '../api/words.ts'
import { type ModelEvent, parseEvent } from '../api/event.ts'
import { type JsonValue, isObject, parseJson } from '../base/json.ts'
import type { JsonString, Place } from '../base/json-text.ts'
import type { Finder } from './finder.ts'
import { type Leaf, encoded, leavesIn } from './leaves.ts'
import { type Limit, NO_LIMIT } from './limit.ts'
import { type Match, matchesInPieces, merged } from './match.ts'
import { createOutlines } from './outline.ts'
import { inSlices } from './slices.ts'
import { type Grouping, type Turns, createTurns, groupingsBy, valueIn } from './turns.ts'

/** A JSON text of an answer: the data of an event, a line, a whole body, or what was cut off of one. */
export interface Document {
  readonly text: string
  /** What it says, if it is an event. */
  readonly event: ModelEvent | undefined
  /** What it says, if it may be a piece of a stream. */
  readonly value: JsonValue | undefined
}

export function documentOf(text: string): Document {
  const event = parseEvent(text, 0)
  return { text, event, value: event?.body ?? listIn(text) }
}

/** A longer text is a body. */
const MAX_LIST_CHARS = 16 * 1024

/** The list that a text is: some APIs stream such. */
const listIn = (text: string): JsonValue | undefined =>
  text.length <= MAX_LIST_CHARS && text.trimStart().startsWith('[') ? parseJson(text) : undefined

/** What of a row tells which strings belong together, and which are texts. */
export type Row = Pick<Api, 'partOf' | 'isWord'>

/** What documents are searched with. */
export interface Search {
  readonly finder: Finder
  readonly limit: Limit
}

/** A string of a document. What is found in it is set once each, or added: a search may begin anew. */
interface Piece {
  readonly leaf: Leaf
  readonly document: Document
  /** The part that it belongs to. */
  part?: Series
  /** What is to be redacted in it; if it is one of several of its part, in those as one text. */
  inPart?: readonly Match[]
  /** The secrets in all strings of this path as one text, whatever part they belong to. */
  inPath?: readonly Match[]
  /** What is found if texts that come in turns are told apart in other ways. */
  inTurns?: readonly Match[]
}

/** The strings of a document that may go on in others, each with its place. */
type Texts = Iterable<readonly [where: string, piece: Piece]>

/** Strings that are read as one text, wherever the API has cut it. */
interface Series {
  readonly pieces: Piece[]
  chars: number
}

/** So many characters are read in one go, and so many searched: either takes some tenths of a millisecond. */
const [READ_AT_ONCE, SEARCHED_AT_ONCE] = [4 * 1024, 16 * 1024]

/**
 * What is to be redacted in each document, as it stands in its text. Strings of one part are read as one text. Whatever
 * part they belong to, those of one path are read so once more, and those that come in turns in each way in which they may
 * be told apart: for secrets alone, since a part may be told wrongly.
 */
export async function findInDocuments(
  documents: readonly Document[],
  row: Row,
  { finder, limit }: Search,
): Promise<Match[][]> {
  const gathered = createGathered(row, finder)
  await inSlices(documents, ({ text }) => text.length, { limit: NO_LIMIT, atOnce: READ_AT_ONCE }, gathered.add)
  const searching = { limit, atOnce: SEARCHED_AT_ONCE }
  const { parts, paths, names, pieces, holding, turns } = gathered
  await inSlices(parts.values(), sizeOf, searching, (series) => searchPart(series, row, finder))
  const searchRest = (each: readonly Piece[]) => {
    for (const piece of each) piece.inPart ??= finder.inLeaf(piece.leaf, row.isWord)
  }
  await inSlices(holding, charsOf, searching, searchRest)
  const inTurns: Grouped[] = []
  await inSlices(paths.values(), sizeOf, { ...searching, limit: NO_LIMIT }, (series) => {
    for (const grouped of groupedBy(series, turns)) inTurns.push(grouped)
  })
  await inSlices(
    inTurns,
    ({ series }) => sizeOf(series),
    searching,
    (grouped) => searchTurns(grouped, row, finder),
  )
  const alike = [...paths.values(), ...[...names.values()].filter(isOfSeveralTypes)]
  await inSlices(alike, sizeOf, searching, (series) => searchPath(series, finder))
  return pieces.map((each, index) => {
    const found = each.flatMap(({ leaf, inPart = [], inPath = [], inTurns: more = [] }) =>
      inPart.length + inPath.length + more.length === 0
        ? []
        : encoded(merged(leaf.value, [...more, ...inPart, ...inPath]), leaf),
    )
    return merged(documents[index]?.text ?? '', found)
  })
}

/** Reads the strings of documents, and puts together those that may be pieces of one text. */
function createGathered(row: Row, finder: Finder) {
  const [parts, paths, names] = [new Map<string, Series>(), new Map<string, Series>(), new Map<string, Series>()]
  const turns = new Map<string | undefined, Turns>()
  const pieces: Piece[][] = []
  /** Those of documents in which something may be found without the others. */
  const holding: Piece[][] = []
  const outlines = createOutlines({ mayHold: finder.mayHold, isWord: streamsNot(row) })
  const readWhole = (document: Document): Texts => {
    const { text, event } = document
    const mayHold = finder.mayHold(text)
    // Where nothing can be found in one document, its texts may still hold a piece of something.
    const wanted = ({ isName, place, value }: JsonString) => mayHold || !(isName || streamsNot(row)(place, value))
    const found = leavesIn(text, wanted).map((leaf): Piece => ({ leaf, document }))
    pieces.push(found)
    if (mayHold) holding.push(found)
    else if (event) outlines.learn(event.type, text)
    return streaming(found, row)
  }
  const readAlike = (document: Document): Texts | undefined => {
    const { text, event } = document
    const filled = event && outlines.read(event.type, text)
    const texts = filled?.map(({ where, leaf }): [string, Piece] => [where, { leaf, document }])
    if (texts) pieces.push(texts.map(([, piece]) => piece))
    return texts
  }
  const add = (document: Document) => {
    const { event, value } = document
    const texts = readAlike(document) ?? readWhole(document)
    const part = event ? row.partOf(event) : ''
    for (const [where, piece] of texts) {
      piece.part = addTo(parts, `${part}\0${where}${indexesAround(document, piece.leaf.place)}`, piece)
      const path = pathOf(piece.leaf.place)
      addTo(paths, `${event?.type}\0${path}`, piece)
      addTo(names, path, piece)
    }
    if (value === undefined) return
    const known = turns.get(event?.type) ?? createTurns()
    turns.set(event?.type, known)
    known.take(value)
  }
  return { parts, paths, names, pieces, holding, turns, add }
}

/** What is a word whatever it says is never a piece of a text. */
const streamsNot =
  ({ isWord }: Row): IsWord =>
  (place) =>
    isWord(place, ' ')

/** What a string counts for in a piece of work, whatever its length: most are short. */
const LEAF_CHARS = 32

const charsOf = (pieces: readonly Piece[]): number =>
  pieces.reduce((chars, { leaf }) => chars + leaf.value.length + LEAF_CHARS, 0)

/** The strings of a document that may go on in others: its texts. Of members with one name the last counts. */
function streaming(pieces: readonly Piece[], row: Row): Map<string, Piece> {
  const texts = new Map<string, Piece>()
  for (const piece of pieces) {
    const { isName, isCredential, place, value } = piece.leaf
    if (!isName && !isCredential && value !== '' && !streamsNot(row)(place, value)) texts.set(place.join('\0'), piece)
  }
  return texts
}

const sizeOf = ({ chars, pieces }: Series): number => (pieces.length > 1 ? chars : 0)

function addTo(all: Map<string, Series>, key: string, piece: Piece): Series {
  const series = all.get(key) ?? { pieces: [], chars: 0 }
  all.set(key, series)
  series.pieces.push(piece)
  series.chars += piece.leaf.value.length
  return series
}

function searchPart({ pieces }: Series, row: Row, finder: Finder): void {
  const [first] = pieces
  if (!first || pieces.length < 2) return
  const values = pieces.map(({ leaf }) => leaf.value)
  const found = matchesInPieces(values, finder.inLeaf(first.leaf, row.isWord, values.join('')))
  for (const [index, piece] of pieces.entries()) piece.inPart = found[index] ?? []
}

function searchPath({ pieces }: Series, finder: Finder): void {
  if (pieces.length < 2) return
  const values = pieces.map(({ leaf }) => leaf.value)
  const text = values.join('')
  const found = finder.secretsIn(text)
  if (found.length === 0) return
  const matches = notIn(pieces, text, found)
  for (const [index, inside] of matchesInPieces(values, matches).entries()) {
    const piece = pieces[index]
    if (piece && inside.length > 0) piece.inPath = [...(piece.inPath ?? []), ...inside]
  }
}

/**
 * The matches that begin where nothing was found so far, in a text that was cut in pieces: what follows a secret that was
 * found may be none. It is the rest of it if that ends with its piece, the next one is alone in its part, as if each event
 * was one or it was cut off, and what follows has a digit.
 */
function notIn(pieces: readonly Piece[], text: string, matches: readonly Match[]): Match[] {
  const known: { readonly start: number; readonly end: number; readonly mayGoOn: boolean }[] = []
  let before = 0
  for (const [index, { leaf, inPart = [] }] of pieces.entries()) {
    const isNextAlone = pieces[index + 1]?.part?.pieces.length === 1
    for (const { start, end } of inPart)
      known.push({ start: before + start, end: before + end, mayGoOn: isNextAlone && end === leaf.value.length })
    before += leaf.value.length
  }
  let next = 0
  return matches.filter(({ start, end }) => {
    while ((known[next]?.end ?? Infinity) <= start) next++
    const at = known[next]
    return at === undefined || at.start > start || (at.mayGoOn && /\d/.test(text.slice(at.end, end)))
  })
}

/** Texts that come in turns, and one way to tell them apart. */
interface Grouped extends Grouping {
  readonly series: Series
}

/** The ways to tell apart the texts of one path, if pieces of one may come between those of another. */
function groupedBy(series: Series, turns: ReadonlyMap<string | undefined, Turns>): Grouped[] {
  const { pieces } = series
  const [first] = pieces
  // Of two texts one begins and ends between two pieces of the other at least.
  if (!first || pieces.length < 3) return []
  const own = pathOf(first.leaf.place)
  const tellers =
    turns
      .get(first.document.event?.type)
      ?.tellers()
      .filter(({ place }) => pathOf(place) !== own) ?? []
  if (tellers.length === 0) return []
  const events = pieces.map(({ document }) => document.value ?? null)
  const parts = pieces.map(({ part }) => part)
  return groupingsBy(tellers, events, parts).map((grouping) => ({ ...grouping, series }))
}

/** What is found is added: it may be found twice. */
function searchTurns({ series, groups, isNamedSo }: Grouped, row: Row, finder: Finder): void {
  for (const pieces of Map.groupBy(series.pieces, (_piece, index) => groups[index]).values()) {
    const [first] = pieces
    if (!first || pieces.length < 2) continue
    const values = pieces.map(({ leaf }) => leaf.value)
    const text = values.join('')
    const found = isNamedSo ? finder.inLeaf(first.leaf, row.isWord, text) : finder.secretsIn(text)
    if (found.length === 0) continue
    for (const [index, inside] of matchesInPieces(values, found).entries()) {
      const piece = pieces[index]
      if (piece && inside.length > 0) piece.inTurns = [...(piece.inTurns ?? []), ...inside]
    }
  }
}

const isOfSeveralTypes = ({ pieces: [first, ...others] }: Series): boolean =>
  others.some(({ document }) => document.event?.type !== first?.document.event?.type)

/** The numbers that tell the objects around a string apart, such as the `index` of a choice. */
function indexesAround({ event }: Document, place: Place): string {
  if (!event || place.length < 2) return ''
  let indexes = ''
  let at: JsonValue | undefined = event.body
  for (const step of place.slice(0, -1)) {
    at = valueIn(at, step)
    if (isObject(at) && at.index !== undefined) indexes += `\0${String(at.index)}`
  }
  return indexes
}

/** What leads to a string, whatever the indexes in lists: those that stand in one place of many events share it. */
const pathOf = (place: Place): string => place.map((step) => (typeof step === 'number' ? '*' : step)).join('\0')
