/** Which fixtures are recorded again, in which order, and what is sent for each. Pure. */
import type { Ending } from '../api/ending.ts'
import type { ModelEvent } from '../api/event.ts'
import { isTerminal } from '../api/responses/events.ts'
import type { JsonObject } from '../base/json.ts'
import { patternOf } from '../base/text.ts'
import type { Candidate } from '../fixture/fixture.ts'
import { identify } from '../fixture/key.ts'
import type { Redactor } from '../redact/redactor.ts'

/** Which fixtures are meant. */
export interface Selection {
  /** Words that all have to stand in a fixture's name or input, in whatever case. None: all fixtures. */
  readonly words: readonly string[]
  /** The model that was asked; `*` stands for anything. */
  readonly model: string | undefined
  /** Only what was recorded before. */
  readonly before: Date | undefined
}

/** A fixture whose request is to be sent. */
export interface Planned {
  readonly fixture: Candidate
  /** The fixture whose answer it continues, where that is in the plan: it is sent before, and its new id counts. */
  readonly after: Candidate | undefined
  /** The id of the answer that it continues, as the fixture of that has it now. */
  readonly previousId: string | undefined
  /** Whether it was selected, or is there for what continues it. */
  readonly selected: boolean
}

/** A fixture that cannot be sent. */
export interface Skipped {
  readonly name: string
  readonly why: string
}

export interface Plan {
  /** Each behind what it continues, a conversation together. */
  readonly send: readonly Planned[]
  readonly skipped: readonly Skipped[]
}

/** The fixtures that a selection means. */
export function select(fixtures: readonly Candidate[], { words, model, before }: Selection): Candidate[] {
  const wanted = words.map((word) => word.toLowerCase())
  const pattern = model === undefined ? undefined : patternOf(model)
  return fixtures.filter(({ name, request, recorded }) => {
    const text = `${name}\n${typeof request.input === 'string' ? request.input : JSON.stringify(request.input ?? '')}`
    const lower = text.toLowerCase()
    return (
      wanted.every((word) => lower.includes(word)) &&
      (pattern === undefined || (typeof request.model === 'string' && pattern.test(request.model))) &&
      // A date that nobody can read is that of no recent recording.
      (before === undefined || !(Date.parse(recorded.at) >= before.getTime()))
    )
  })
}

/**
 * Plans to send some fixtures' requests. A conversation is sent from its beginning: the API forgets answers, and a
 * continuation has to fit what it continues.
 *
 * @param all every fixture there is, where earlier turns are looked for
 * @param placeholders what the user's own rules have put where something stood
 */
export function planRefresh(
  all: readonly Candidate[],
  selected: readonly Candidate[],
  redactor: Redactor,
  placeholders: readonly string[],
): Plan {
  const byKey = new Map(all.map((fixture) => [fixture.key, fixture]))
  const chosen = new Set(selected.map(({ key }) => key))
  const send = new Map<string, Planned>()
  const skipped = new Map<string, string>()

  const plan = (fixture: Candidate): Candidate | undefined => {
    if (send.has(fixture.key)) return fixture
    const why = whyNot(fixture, redactor, placeholders)
    if (why !== undefined) {
      skipped.set(fixture.name, why)
      return undefined
    }
    const parent = fixture.previousKey === undefined ? undefined : byKey.get(fixture.previousKey)
    const after = parent && plan(parent)
    send.set(fixture.key, { fixture, after, previousId: parent?.responseId, selected: chosen.has(fixture.key) })
    return fixture
  }
  for (const fixture of selected) plan(fixture)
  const following = Map.groupBy(send.values(), ({ after }) => after?.key)
  const inOrder = (key?: string): Planned[] =>
    (following.get(key) ?? []).flatMap((planned) => [planned, ...inOrder(planned.fixture.key)])
  return { send: inOrder(), skipped: Array.from(skipped, ([name, why]) => ({ name, why })) }
}

/** Why a request cannot be sent as it was, or its answer not be kept as that of this fixture. */
function whyNot(
  { key, request, previousKey }: Candidate,
  redactor: Redactor,
  placeholders: readonly string[],
): string | undefined {
  const text = JSON.stringify(request)
  const placeholder = REDACTED.exec(text)?.[0] ?? placeholders.find((each) => text.includes(inJson(each)))
  if (placeholder !== undefined) return `its request holds ${placeholder}: what stood there is not known any more`
  if (identify(request, redactor, previousKey).key === key) return undefined
  return 'its request holds a secret, or a part that fixtures leave out: recorded now it would have another key'
}

/** A text as it stands within a string of JSON. */
const inJson = (text: string): string => JSON.stringify(text).slice(1, -1)

/** What stands where a secret stood. */
const REDACTED = /\[redacted:[\w-]+\]/

/**
 * The body to send for a fixture.
 *
 * @param newId the id of the new answer that it continues, where there is one
 */
export function bodyFor({ fixture: { request }, previousId }: Planned, newId: string | undefined): JsonObject {
  const id = newId ?? previousId
  return id === undefined || request.previous_response_id === undefined
    ? request
    : { ...request, previous_response_id: id }
}

/** Whether a fixture's recorded failure is what happened again: the same end, the same status, the same last event. */
export function failedAlike(a: Outcome, b: Outcome): boolean {
  const lastOf = ({ events }: Outcome) => events.find(isTerminal)?.type
  if (a.ending.end === 'refused' && b.ending.end === 'refused') return a.ending.status === b.ending.status
  return a.ending.end === b.ending.end && (a.ending.end !== 'complete' || lastOf(a) === lastOf(b))
}

interface Outcome {
  readonly events: readonly ModelEvent[]
  readonly ending: Ending
}
