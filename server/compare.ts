/** Two fixtures → what differs, but for what differs in every recording: ids, timestamps, padding. Pure. */
import { countWords, pairUp, wordChanges, type Change } from './changes.ts'
import type { Fixture } from './fixture.ts'
import { differingMembers, keyed } from './identity.ts'
import { isObject, memberOf, parseJson, type JsonObject, type JsonValue } from './json.ts'
import type { ModelEvent } from './model/model.ts'
import { summarize } from './summary.ts'

/** A member of a JSON value that differs; undefined where one side has none. */
export interface MemberChange {
  /** Its path, such as `output[0].arguments`. */
  readonly name: string
  readonly before: JsonValue | undefined
  readonly after: JsonValue | undefined
}

/** Events of one type in a row, and how many there are of them; 0 where one side has no such row. */
export interface RunChange {
  readonly type: string
  readonly before: number
  readonly after: number
}

/** A time on both sides, in ms since the request was sent. */
export interface TimeChange {
  readonly before: number | undefined
  readonly after: number | undefined
}

/** What differs between two fixtures; `deltatape diff --json` writes it as it is. */
export interface Comparison {
  /** Whether nothing differs; times do not count, since no two recordings have the same. */
  readonly same: boolean
  /** The members of the request that differ, a conversation by the key that it continues. */
  readonly request: readonly MemberChange[]
  /** How it ended: the word for it, or where that is the same what was told with it. */
  readonly ending: readonly MemberChange[]
  /** The text, word by word; empty where it is the same. */
  readonly answer: readonly Change[]
  /** What else was put out, such as function calls. */
  readonly output: readonly MemberChange[]
  readonly usage: readonly MemberChange[]
  /** The rows of events whose number differs, in order. */
  readonly events: readonly RunChange[]
  /** What else differs in the events, where answer, output and sequence are the same: how often, by type and member. */
  readonly members: readonly { readonly type: string; readonly member: string; readonly count: number }[]
  readonly timing: { readonly firstDelta: TimeChange; readonly duration: TimeChange }
}

/** Compares two fixtures, the earlier one first. */
export function compare(before: Fixture, after: Fixture): Comparison {
  const [a, b] = [summarize(before), summarize(after)]
  const [left, right] = [keyed(before), keyed(after)]
  const request = differingMembers(before, after).map((name) => ({
    name,
    before: memberOf(left, name),
    after: memberOf(right, name),
  }))
  const ending =
    a.ending === b.ending
      ? changesOf(told(before, a.why), told(after, b.why))
      : [{ name: 'ending', before: a.ending, after: b.ending }]
  const answer = a.answer === b.answer ? [] : wordChanges(a.answer, b.answer)
  const output = changesOf(otherThanText(a.output), otherThanText(b.output), 'output')
  const usage = changesOf(a.usage ?? {}, b.usage ?? {})
  const events = runChanges(before.events, after.events)
  const members = answer.length + output.length + events.length > 0 ? [] : memberChanges(before.events, after.events)
  return {
    same: [request, ending, answer, output, usage, events, members].every(({ length }) => length === 0),
    request,
    ending,
    answer,
    output,
    usage,
    events,
    members,
    timing: {
      firstDelta: { before: a.firstDeltaMs, after: b.firstDeltaMs },
      duration: { before: a.durationMs, after: b.durationMs },
    },
  }
}

/** What is told of an ending beside the word for it, an error body as the JSON that it is. */
function told({ ending }: Fixture, why: string | undefined): Record<string, JsonValue> {
  const { end, ...facts } = ending
  if (end === 'complete') return why === undefined ? {} : { why }
  return 'body' in facts ? { ...facts, body: parseJson(facts.body) ?? facts.body } : facts
}

/** The text of messages is compared as the answer. */
const otherThanText = (output: readonly JsonObject[]): JsonValue => output.filter(({ type }) => type !== 'message')

/** Members that no two recordings have in common: ids, times, padding, encrypted content. */
const NOISE = /(?:^|[_-])(?:id|at|obfuscation|sequence_number|encrypted_content)$/

/** The values inside a JSON value that hold no others, by path; noise is left out. */
function leavesOf(root: JsonValue, name: string): Map<string, JsonValue> {
  const leaves = new Map<string, JsonValue>()
  const walk = (value: JsonValue, path: string): void => {
    if (Array.isArray(value) && value.length > 0) {
      for (const [index, item] of value.entries()) walk(item, `${path}[${index}]`)
    } else if (isObject(value) && Object.keys(value).length > 0) {
      for (const [member, inner] of Object.entries(value)) {
        if (!NOISE.test(member)) walk(inner, path === '' ? member : `${path}.${member}`)
      }
    } else if (value !== root) leaves.set(path, value)
  }
  walk(root, name)
  return leaves
}

/** @param name what the values are called, where the paths in them need that to be understood */
function changesOf(before: JsonValue, after: JsonValue, name = ''): MemberChange[] {
  const [left, right] = [leavesOf(before, name), leavesOf(after, name)]
  return [...new Set([...left.keys(), ...right.keys()])]
    .filter((path) => JSON.stringify(left.get(path)) !== JSON.stringify(right.get(path)))
    .map((path) => ({ name: path, before: left.get(path), after: right.get(path) }))
}

/** The events as rows of one type. */
function runsOf(events: readonly ModelEvent[]): { type: string; count: number }[] {
  const runs: { type: string; count: number }[] = []
  for (const { type } of events) {
    const last = runs.at(-1)
    if (last?.type === type) last.count++
    else runs.push({ type, count: 1 })
  }
  return runs
}

function runChanges(before: readonly ModelEvent[], after: readonly ModelEvent[]): RunChange[] {
  const [left, right] = [runsOf(before), runsOf(after)]
  const typeOf = ({ type }: { type: string }) => type
  return pairUp(left.map(typeOf), right.map(typeOf)).flatMap((pair) => {
    const [a, b] = [left[pair.before ?? -1], right[pair.after ?? -1]]
    if (a?.count === b?.count) return []
    return [{ type: a?.type ?? b?.type ?? '', before: a?.count ?? 0, after: b?.count ?? 0 }]
  })
}

function memberChanges(before: readonly ModelEvent[], after: readonly ModelEvent[]): Comparison['members'] {
  const counts = new Map<string, { type: string; member: string; count: number }>()
  for (const [index, { type, text, body }] of before.entries()) {
    const other = after[index]
    if (!other || other.text === text) continue
    for (const { name: member } of changesOf(body, other.body)) {
      // The usage is told by itself.
      if (member.startsWith('response.usage')) continue
      const entry = counts.get(`${type} ${member}`)
      if (entry) entry.count++
      else counts.set(`${type} ${member}`, { type, member, count: 1 })
    }
  }
  return [...counts.values()]
}

/** The type of an event as people read it. */
export const shortType = (type: string): string => type.replace(/^response\./, '') || '(no type)'

/** A row of events on both sides: `output_text.delta ×12 → ×14`; one that only one side has with its sign. */
export function runText({ type, before, after }: RunChange): string {
  if (before > 0 && after > 0) return `${shortType(type)} ×${before} → ×${after}`
  return before > 0 ? `-${shortType(type)} ×${before}` : `+${shortType(type)} ×${after}`
}

/** How many changes of one sort a line names. */
const MAX_NAMED = 3

/**
 * What differs between two answers to one request, in one line of bounded length: `answer 3 words added, 2 removed;
 * events output_text.delta ×12 → ×14; usage output_tokens 12 → 14`.
 */
export function describeComparison({ same, ending, answer, output, usage, events, members }: Comparison): string {
  if (same) return 'the same but for ids and times'
  const change = ({ name, before, after }: MemberChange) => `${name} ${short(before)} → ${short(after)}`
  return [
    ...(ending.length > 0 ? [few(ending.map(change))] : []),
    ...(answer.length > 0 ? [`answer ${describeWords(answer)}`] : []),
    ...(output.length > 0 ? [`output ${few(output.map(change))}`] : []),
    ...(events.length > 0 ? [`events ${few(events.map(runText))}`] : []),
    ...(usage.length > 0 ? [`usage ${few(usage.map(change))}`] : []),
    ...(members.length > 0 ? [`members ${few(members.map(memberText))}`] : []),
  ].join('; ')
}

/** A member of events that differs, and in how many: `output_text.delta logprobs ×3`. */
export const memberText = ({ type, member, count }: Comparison['members'][number]): string =>
  `${shortType(type)} ${member} ×${count}`

function describeWords(answer: readonly Change[]): string {
  const countOf = (kind: Change['kind']) =>
    answer.reduce((sum, change) => (change.kind === kind ? sum + countWords(change.text) : sum), 0)
  const [added, removed] = [countOf('added'), countOf('removed')]
  if (added + removed === 0) return 'differs in punctuation or white space'
  const words = (count: number) => `${count} ${count === 1 ? 'word' : 'words'}`
  if (added === 0) return `${words(removed)} removed`
  return removed === 0 ? `${words(added)} added` : `${words(added)} added, ${removed} removed`
}

const few = (texts: readonly string[]): string =>
  texts.length > MAX_NAMED
    ? `${texts.slice(0, MAX_NAMED).join(', ')} and ${texts.length - MAX_NAMED} more`
    : texts.join(', ')

const MAX_VALUE_CHARS = 40

/** A JSON value on one line, cut; `–` where there is none. Words, as most values are, stand without quotes. */
function short(value: JsonValue | undefined): string {
  if (value === undefined) return '–'
  const text = typeof value === 'string' && /^[\w.-]+$/.test(value) ? value : JSON.stringify(value)
  return text.length > MAX_VALUE_CHARS ? `${text.slice(0, MAX_VALUE_CHARS).toWellFormed()}…` : text
}
