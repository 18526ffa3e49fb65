/** The structure of answers: which events there are, which members they have, and of which types. Pure. */
import type { Api } from '../api/api.ts'
import type { ModelEvent } from '../api/event.ts'
import { type JsonValue, MAX_DEPTH, isObject } from '../base/json.ts'

/** What of a row says which parts of an answer are no structure. */
export type Row = Pick<Api, 'about' | 'echoed' | 'idle' | 'volatile'>

type JsonType = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object'

/** What stood in one place, over all events of a type. */
export interface Shape {
  /** How many values stood there. */
  seen: number
  readonly types: Set<JsonType>
  /** The objects by their own type; '' if they have none. */
  readonly objects: Map<string, ObjectShape>
  /** What stood in the arrays. */
  items: Shape | undefined
}

/** Objects of one type. */
export interface ObjectShape {
  seen: number
  readonly members: Map<string, Shape>
}

/** The events of one type. */
export interface EventOutline {
  readonly shape: Shape
  /** The types of the items and parts that they are about; '' if one is about none. */
  readonly about: Set<string>
  /** How many answers have such events. */
  answers: number
}

/** One answer, or several together. */
export interface Outline {
  answers: number
  readonly events: Map<string, EventOutline>
  readonly types: Set<string>
}

export const emptyOutline = (): Outline => ({ answers: 0, events: new Map(), types: new Set() })

/** Adds an answer to others. */
export function addAnswer(outline: Outline, events: readonly ModelEvent[], row: Row): Outline {
  const about = row.about?.() ?? (() => '')
  const seen = new Set<string>()
  for (const type of typesWithin(events)) outline.types.add(type)
  for (const event of events) {
    const { type, body } = event
    if (row.idle?.has(type)) continue
    const entry = outline.events.get(type) ?? { shape: emptyShape(), about: new Set(), answers: 0 }
    outline.events.set(type, entry)
    entry.about.add(about(event))
    seen.add(type)
    add({ row, depth: 0 }, entry.shape, body, '')
  }
  for (const type of seen) {
    const entry = outline.events.get(type)
    if (entry) entry.answers++
  }
  outline.answers++
  return outline
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

/** Members with names that people and models have given: such names are not structure. */
const NAMES_ARE_DATA = new Set([
  'args',
  'arguments',
  'attributes',
  'env',
  'headers',
  'input',
  'input_schema',
  'metadata',
  'parameters',
  'schema',
  'structuredContent',
])

/** What hides the length of an answer, in some answers of whichever API. */
const PADDING = 'obfuscation'

/** How deep an answer repeats what stood in its request: in itself, or in the response that it holds. */
const ECHO_DEPTH = 2

const isPassedOver = (name: string, depth: number, { echoed, volatile }: Row): boolean =>
  name === PADDING || (volatile?.has(name) ?? false) || (depth < ECHO_DEPTH && (echoed?.has(name) ?? false))

const emptyShape = (): Shape => ({ seen: 0, types: new Set(), objects: new Map(), items: undefined })

function typeOf(value: JsonValue): JsonType {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'object') return 'object'
  if (typeof value === 'string') return 'string'
  return typeof value === 'number' ? 'number' : 'boolean'
}

interface Walk {
  readonly row: Row
  readonly depth: number
}

/** @param name that of the member that holds the value, however deep in lists */
function add({ row, depth }: Walk, shape: Shape, value: JsonValue, name: string): void {
  shape.seen++
  shape.types.add(typeOf(value))
  if (depth > MAX_DEPTH || NAMES_ARE_DATA.has(name)) return
  const inside = { row, depth: depth + 1 }
  if (Array.isArray(value)) {
    for (const member of value) add(inside, (shape.items ??= emptyShape()), member, name)
  } else if (isObject(value)) {
    const own = typeof value.type === 'string' ? value.type : ''
    const object = shape.objects.get(own) ?? { seen: 0, members: new Map<string, Shape>() }
    shape.objects.set(own, object)
    object.seen++
    for (const [member, each] of Object.entries(value)) {
      if (isPassedOver(member, depth, row)) continue
      const inner = object.members.get(member) ?? emptyShape()
      object.members.set(member, inner)
      add(inside, inner, each, member)
    }
  }
}
