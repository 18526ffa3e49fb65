/**
 * What differs between two answers to one request in their structure: the types of events, their members, and the types
 * of those. What a model says, how long it takes and in how many pieces it comes is not structure. Pure.
 */
import type { Head } from '../api/api.ts'
import { type ModelEvent, parseEvent } from '../api/event.ts'
import { headerOf } from '../api/headers.ts'
import { textOf } from '../api/record.ts'
import { parseJson } from '../base/json.ts'
import { type Fixture, eventsOf } from '../fixture/fixture.ts'
import {
  type EventOutline,
  type ObjectShape,
  type Outline,
  type Row,
  type Shape,
  addAnswer,
  emptyOutline,
} from './outline.ts'

/** One difference. `path` leads from the event down, with `[]` for any place in an array. */
export type Drift =
  /** A type of event that came before and does not now, or the other way round. */
  | { readonly kind: 'event_added' | 'event_removed'; readonly event: string }
  /**
   * A member that no object had there and that now has the types `is`, or an array that was always empty and now has such
   * items; or a member that all had, with the types `was`.
   */
  | { readonly kind: 'added'; readonly event: string; readonly path: string; readonly is: string }
  | { readonly kind: 'removed'; readonly event: string; readonly path: string; readonly was: string }
  /** A member that all objects had there, with the types `was`, and that some lack now. */
  | { readonly kind: 'optional'; readonly event: string; readonly path: string; readonly was: string }
  /** A member of another JSON type, or an object whose own `type` is another. */
  | {
      readonly kind: 'changed'
      readonly event: string
      readonly path: string
      readonly was: string
      readonly is: string
    }

/** What the fixtures show of the answers to calls of one kind. */
export interface Known {
  readonly row: Row
  /** The own types of objects that some answer of the API holds. */
  readonly types: ReadonlySet<string>
  /** The good answers to such calls, together; undefined if none is known. */
  readonly outline?: Outline | undefined
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

/**
 * How the structure of `now` differs from that of `before`, by event and path.
 *
 * - All events of one type count as one, and so do all members of an array.
 * - An object that has a `type` is compared with objects of the same type: a part that is a text says nothing about one
 *   that is a refusal.
 * - An item or a part may come and go if some fixture holds its type, and so may the events about it: whether a model
 *   reasons, calls a tool or refuses is content. A type that no fixture holds is drift. So is an answer without any
 *   item of a type that it had.
 * - A member that some objects have and others lack is optional: it may go. A member that none had is drift, and so is
 *   one that all had and only some have now. If there was one object only, it is not known whether all would have had it:
 *   the last piece of an answer holds what the others lack.
 * - An array that is empty in all fixtures is drift once it has items, but for items of types that some fixture holds.
 * - `null` stands for what is absent this time: it may become anything. A member that was never null and now always is
 *   null is drift.
 * - Members whose names are data are not looked into. What an answer repeats of its request is passed over where it does
 *   not count for the key, and so is what differs in every answer, and what only keeps a connection alive.
 * - What another fixture of such a call has is known: it may come. What one of them lacks may go.
 */
export function findDrift(before: readonly ModelEvent[], now: readonly ModelEvent[], known: Known): Drift[] {
  const { row, types, outline } = known
  const [old, fresh] = [addAnswer(emptyOutline(), before, row), addAnswer(emptyOutline(), now, row)]
  const all = new Set([...types, ...old.types])
  const drifts: Drift[] = []
  for (const event of new Set([...old.events.keys(), ...fresh.events.keys()])) {
    const [then, here, among] = [old, fresh, outline].map((each) => each?.events.get(event))
    if (then && here) {
      const places = { before: then.shape, now: here.shape, known: among?.shape }
      for (const drift of compare({ event, types: all }, '', places)) drifts.push(drift)
    } else if (then && !isContent(then, fresh, all)) {
      const always = !among || !outline || among.answers === outline.answers
      if (always) drifts.push({ kind: 'event_removed', event })
    } else if (here && !isContent(here, old, all) && !among) drifts.push({ kind: 'event_added', event })
  }
  return drifts
}

/** How the head of an answer differs: its status, and what its body is said to be. */
export function findHeadDrift(before: Head | undefined, now: Head): Drift[] {
  if (!before) return []
  const typeOf = ({ headers }: Head) => (headerOf(headers, 'content-type') ?? '').replace(/;.*/s, '').trim() || 'none'
  const compared = [
    ['status', String(before.status), String(now.status)],
    ['content-type', typeOf(before), typeOf(now)],
  ] as const
  return compared.flatMap(([path, was, is]) => (was === is ? [] : [{ kind: 'changed', event: 'head', path, was, is }]))
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

/** Whether events of a type that `other` lacks are all about items or parts of known types that `other` lacks, too. */
const isContent = ({ about }: EventOutline, other: Outline, known: ReadonlySet<string>): boolean =>
  [...about].every((type) => type !== '' && known.has(type) && !other.types.has(type))

const below = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`)

const typesOf = ({ types }: Shape): string => [...types].toSorted().join(' or ')

interface Context {
  readonly event: string
  readonly types: ReadonlySet<string>
}

/** What stands in one place: in the recorded answer, in the new one, and in all that are known. */
interface Places {
  readonly before: Shape
  readonly now: Shape
  readonly known: Shape | undefined
}

function* compare(context: Context, path: string, { before, now, known }: Places): Generator<Drift> {
  const { event } = context
  const is = [...now.types].filter((type) => type !== 'null')
  const onlyNull = before.types.size === 1 && before.types.has('null')
  const becameNull = is.length === 0 && !before.types.has('null') && !known?.types.has('null')
  if (becameNull || (!onlyNull && is.some((type) => !before.types.has(type) && !known?.types.has(type)))) {
    yield { kind: 'changed', event, path, was: typesOf(before), is: typesOf(now) }
  }
  if (before.items && now.items) {
    yield* compare(context, `${path}[]`, { before: before.items, now: now.items, known: known?.items })
  } else if (now.items && known && isAlwaysEmpty(before, known) && !isOfTypes(now.items, context.types)) {
    yield { kind: 'added', event, path: `${path}[]`, is: typesOf(now.items) }
  }
  yield* compareTypes(context, path, [...before.objects.keys()], [...now.objects.keys()])
  for (const [own, object] of before.objects) {
    const other = now.objects.get(own)
    if (other) yield* compareMembers(context, path, { before: object, now: other, known: known?.objects.get(own) })
  }
}

/** Whether arrays stood there, and none had anything in it. */
const isAlwaysEmpty = (before: Shape, known: Shape): boolean =>
  !before.items && !known.items && (before.types.has('array') || known.types.has('array'))

/** Whether all of a shape are objects of these own types. */
const isOfTypes = ({ types, objects }: Shape, known: ReadonlySet<string>): boolean =>
  [...types].every((type) => type === 'object') && [...objects.keys()].every((own) => own !== '' && known.has(own))

interface Objects {
  readonly before: ObjectShape
  readonly now: ObjectShape
  readonly known: ObjectShape | undefined
}

function* compareMembers(context: Context, path: string, { before, now, known }: Objects): Generator<Drift> {
  const { event } = context
  for (const [name, shape] of before.members) {
    const [inner, all] = [now.members.get(name), known?.members.get(name)]
    const always = known && all ? all.seen === known.seen : shape.seen === before.seen
    if (inner) yield* compare(context, below(path, name), { before: shape, now: inner, known: all })
    if (inner && always && before.seen > 1 && inner.seen < now.seen)
      yield { kind: 'optional', event, path: below(path, name), was: typesOf(shape) }
    if (!inner && always) yield { kind: 'removed', event, path: below(path, name), was: typesOf(shape) }
  }
  for (const [name, shape] of now.members) {
    if (before.members.has(name) || known?.members.has(name)) continue
    yield { kind: 'added', event, path: below(path, name), is: typesOf(shape) }
  }
}

/** How the own types of objects differ: those that no fixture holds, and items of none of the types that there were. */
function* compareTypes(
  { event, types: known }: Context,
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
