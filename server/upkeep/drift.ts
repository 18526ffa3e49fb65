/**
 * What differs between two answers to one request in their structure: the types of events, their members, and the types
 * of those. What a model says, how long it takes and in how many pieces it comes is not structure. Pure.
 */
import { type ModelEvent, parseEvent } from '../api/event.ts'
import { textOf } from '../api/record.ts'
import { LEFT_OUT } from '../api/responses/request.ts'
import { type JsonObject, type JsonValue, MAX_DEPTH, isObject, parseJson } from '../base/json.ts'
import { type Fixture, eventsOf } from '../fixture/fixture.ts'

/** One difference. `path` leads from the event down, with `[]` for any place in an array. */
export type Drift =
  /** A type of event that came before and does not now, or the other way round. */
  | { readonly kind: 'event_added' | 'event_removed'; readonly event: string }
  /** A member that no object had there and that now has the types `is`; or one that all had, with the types `was`. */
  | { readonly kind: 'added'; readonly event: string; readonly path: string; readonly is: string }
  | { readonly kind: 'removed'; readonly event: string; readonly path: string; readonly was: string }
  /** A member of another JSON type, or an object whose own `type` is another. */
  | {
      readonly kind: 'changed'
      readonly event: string
      readonly path: string
      readonly was: string
      readonly is: string
    }

/** The events of an answer; of a JSON body that holds none, one event that stands for it. */
export function comparable(answer: Pick<Fixture, 'api' | 'records'>): readonly ModelEvent[] {
  const events = eventsOf(answer)
  if (events.length > 0) return events
  const text = textOf(answer.records) ?? ''
  const body = parseJson(text)
  const event = typeof body === 'object' ? parseEvent(`{"type":"body","body":${text}}`, 0) : undefined
  return event ? [event] : []
}

/** The own `type` of every object inside these events: the items and parts that answers may be made of. */
export function typesWithin(events: readonly ModelEvent[]): Set<string> {
  const types = new Set<string>()
  const walk = (value: JsonValue, depth: number): void => {
    if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return
    if (isObject(value) && depth > 0 && typeof value.type === 'string') types.add(value.type)
    for (const member of Object.values(value)) walk(member, depth + 1)
  }
  for (const { body } of events) walk(body, 0)
  return types
}

/**
 * How the structure of `now` differs from that of `before`, by event and path.
 *
 * - All events of one type count as one, and so do all members of an array.
 * - An object that has a `type` is compared with objects of the same type: a part that is a text says nothing about one
 *   that is a refusal.
 * - An item or a part may come and go if some fixture holds its type, and so may the events about it: whether a model
 *   reasons, calls a tool or refuses is content. A type that no fixture holds is drift. So is an answer without any
 *   item of a type that it had.
 * - A member that some objects have and others lack is optional: it may go. A member that none had is drift.
 * - `null` stands for what is absent this time: it may become anything. A member that was never null and now always is
 *   null is drift.
 * - Members whose names are data ({@link NAMES_ARE_DATA}) are not looked into. An answer repeats parts of its request:
 *   those that do not count for the key are passed over, and so is `obfuscation`, which depends on one of them.
 *
 * @param known the types that some fixture holds, from {@link typesWithin}
 */
export function findDrift(
  before: readonly ModelEvent[],
  now: readonly ModelEvent[],
  known: ReadonlySet<string>,
): Drift[] {
  const [old, fresh] = [outlineOf(before), outlineOf(now)]
  const all = new Set([...known, ...old.types])
  const drifts: Drift[] = []
  for (const event of new Set([...old.events.keys(), ...fresh.events.keys()])) {
    const [then, here] = [old.events.get(event), fresh.events.get(event)]
    if (then && here) {
      for (const drift of compare({ event, known: all }, '', then.shape, here.shape)) drifts.push(drift)
    } else if (then && !isContent(then, fresh, all)) drifts.push({ kind: 'event_removed', event })
    else if (here && !isContent(here, old, all)) drifts.push({ kind: 'event_added', event })
  }
  return drifts
}

/** Differences that the same fixtures have, each told once. */
export interface DriftGroup {
  readonly fixtures: readonly string[]
  readonly drifts: readonly Drift[]
}

/** Groups differences by the fixtures that have them; what most fixtures have comes first. */
export function groupDrifts(
  found: readonly { readonly name: string; readonly drifts: readonly Drift[] }[],
): DriftGroup[] {
  const namesOf = new Map<string, { drift: Drift; names: string[] }>()
  for (const { name, drifts } of found) {
    for (const drift of drifts) {
      const entry = namesOf.get(JSON.stringify(drift)) ?? { drift, names: [] }
      namesOf.set(JSON.stringify(drift), entry)
      if (!entry.names.includes(name)) entry.names.push(name)
    }
  }
  const groups = Map.groupBy(namesOf.values(), ({ names }) => JSON.stringify(names.toSorted()))
  return Array.from(groups.values(), (entries) => ({
    fixtures: entries[0]?.names.toSorted() ?? [],
    drifts: entries.map(({ drift }) => drift),
  })).toSorted((a, b) => b.fixtures.length - a.fixtures.length)
}

/** Members with names that people and models have given: such names are not structure. */
const NAMES_ARE_DATA = new Set([
  'arguments',
  'attributes',
  'env',
  'headers',
  'input_schema',
  'metadata',
  'parameters',
  'schema',
])

/** What depends on parts of a request that do not count for the key. */
const PASSED_OVER = new Set(['obfuscation', ...Array.from(LEFT_OUT, (name) => `response.${name}`)])

type JsonType = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object'

/** What stood in one place, over all events of a type. */
interface Shape {
  /** How many values stood there. */
  seen: number
  readonly types: Set<JsonType>
  /** The objects by their own type; '' if they have none. */
  readonly objects: Map<string, { seen: number; readonly members: Map<string, Shape> }>
  /** What stood in the arrays. */
  items: Shape | undefined
}

/** The events of one type: their shape, and the types of the items and parts that they are about. */
interface EventOutline {
  readonly shape: Shape
  /** '' if an event is about none. */
  readonly about: Set<string>
}

interface Outline {
  readonly events: Map<string, EventOutline>
  readonly types: ReadonlySet<string>
}

const emptyShape = (): Shape => ({ seen: 0, types: new Set(), objects: new Map(), items: undefined })

function outlineOf(events: readonly ModelEvent[]): Outline {
  const outline: Outline = { events: new Map(), types: typesWithin(events) }
  /** The types of the items and parts so far, by their place in the answer. */
  const places = new Map<string, string>()
  for (const { type, body } of events) {
    const entry = outline.events.get(type) ?? { shape: emptyShape(), about: new Set() }
    outline.events.set(type, entry)
    entry.about.add(aboutWhat(body, places))
    add(entry.shape, body, '', 0)
  }
  return outline
}

/** The type of the part or item that an event is about; '' if it is about the whole answer or its list of items. */
function aboutWhat(event: JsonObject, places: Map<string, string>): string {
  const { item, part, annotation, output_index, content_index, summary_index } = event
  if (typeof output_index !== 'number') return ''
  // A text may have annotations or not: they count as parts.
  if (isObject(annotation)) return String(annotation.type)
  if (typeof summary_index === 'number') return 'summary_text'
  const itemAt = String(output_index)
  if (isObject(item)) {
    places.set(itemAt, String(item.type))
    return ''
  }
  const around = places.get(itemAt) ?? ''
  if (typeof content_index !== 'number') return around
  const partAt = `${output_index}/${content_index}`
  if (!isObject(part)) return places.get(partAt) ?? around
  places.set(partAt, String(part.type))
  return around
}

/** Whether events of a type that `other` lacks are all about items or parts of known types that `other` lacks, too. */
const isContent = ({ about }: EventOutline, other: Outline, known: ReadonlySet<string>): boolean =>
  [...about].every((type) => type !== '' && known.has(type) && !other.types.has(type))

function typeOf(value: JsonValue): JsonType {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'object') return 'object'
  if (typeof value === 'string') return 'string'
  return typeof value === 'number' ? 'number' : 'boolean'
}

function add(shape: Shape, value: JsonValue, path: string, depth: number): void {
  shape.seen++
  shape.types.add(typeOf(value))
  if (depth > MAX_DEPTH || NAMES_ARE_DATA.has(lastName(path))) return
  if (Array.isArray(value)) {
    for (const member of value) add((shape.items ??= emptyShape()), member, `${path}[]`, depth + 1)
  } else if (isObject(value)) {
    const own = typeof value.type === 'string' ? value.type : ''
    const object = shape.objects.get(own) ?? { seen: 0, members: new Map<string, Shape>() }
    shape.objects.set(own, object)
    object.seen++
    for (const [name, member] of Object.entries(value)) {
      const at = below(path, name)
      if (PASSED_OVER.has(at)) continue
      const inner = object.members.get(name) ?? emptyShape()
      object.members.set(name, inner)
      add(inner, member, at, depth + 1)
    }
  }
}

const below = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`)

const lastName = (path: string): string => path.slice(path.lastIndexOf('.') + 1)

const typesOf = ({ types }: Shape): string => [...types].toSorted().join(' or ')

interface Context {
  readonly event: string
  readonly known: ReadonlySet<string>
}

function* compare(context: Context, path: string, before: Shape, now: Shape): Generator<Drift> {
  const { event } = context
  const is = [...now.types].filter((type) => type !== 'null')
  const onlyNull = before.types.size === 1 && before.types.has('null')
  const becameNull = is.length === 0 && !before.types.has('null')
  if (becameNull || (!onlyNull && is.some((type) => !before.types.has(type)))) {
    yield { kind: 'changed', event, path, was: typesOf(before), is: typesOf(now) }
  }
  if (before.items && now.items) yield* compare(context, `${path}[]`, before.items, now.items)
  yield* compareTypes(context, path, [...before.objects.keys()], [...now.objects.keys()])
  for (const [own, { seen, members }] of before.objects) {
    const other = now.objects.get(own)
    if (!other) continue
    for (const [name, shape] of members) {
      const inner = other.members.get(name)
      if (inner) yield* compare(context, below(path, name), shape, inner)
      else if (shape.seen === seen) yield { kind: 'removed', event, path: below(path, name), was: typesOf(shape) }
    }
    for (const [name, shape] of other.members) {
      if (!members.has(name)) yield { kind: 'added', event, path: below(path, name), is: typesOf(shape) }
    }
  }
}

/** How the own types of objects differ: those that no fixture holds, and items of none of the types that there were. */
function* compareTypes(
  { event, known }: Context,
  path: string,
  before: readonly string[],
  now: readonly string[],
): Generator<Drift> {
  if (path === '' || before.length === 0 || now.length === 0) return
  const unknown = now.filter((type) => !before.includes(type) && !known.has(type))
  const others = path === 'item' && !now.some((type) => before.includes(type)) ? now : unknown
  if (others.length === 0) return
  const words = (types: readonly string[]) => types.map((type) => (type === '' ? 'none' : `"${type}"`)).toSorted()
  yield {
    kind: 'changed',
    event,
    path: below(path, 'type'),
    was: words(before).join(' or '),
    is: words(others).join(' or '),
  }
}
