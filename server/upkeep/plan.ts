/** Which fixtures are recorded again, in which order, and what is sent for each. Pure. */
import { apiNamed } from '../api/index.ts'
import type { Call } from '../api/call.ts'
import type { Headers } from '../api/headers.ts'
import { memberSpan } from '../base/json-text.ts'
import { patternOf } from '../base/text.ts'
import type { Candidate } from '../fixture/fixture.ts'
import { inputOf } from '../fixture/likeness.ts'
import { isTold } from '../fixture/request.ts'
import type { Redactor } from '../redact/redactor.ts'

/** Which fixtures are meant. */
export interface Selection {
  /** Words that all have to be in a fixture's name or input, in any case. None: all fixtures. */
  readonly words: readonly string[]
  /** The model that was asked; `*` stands for anything. */
  readonly model: string | undefined
  /** Only what was recorded before. */
  readonly before: Date | undefined
}

/** A fixture whose request is to be sent. */
export interface Planned {
  readonly fixture: Candidate
  /** The fixture whose answer it continues, if that is sent, too: it goes first, and the id of its new answer counts. */
  readonly after: Candidate | undefined
  /** The id of the answer that it continues, as the fixture of that answer has it now. */
  readonly previousId: string | undefined
  /** Whether it was selected; if not, it is sent for what continues it. */
  readonly selected: boolean
}

/** A fixture that cannot be sent. */
export interface Skipped {
  readonly name: string
  readonly why: string
}

export interface Plan {
  /** Each after what it continues, a conversation together. */
  readonly send: readonly Planned[]
  readonly skipped: readonly Skipped[]
}

/** The fixtures that a selection means. */
export function select(fixtures: readonly Candidate[], { words, model, before }: Selection): Candidate[] {
  const wanted = words.map((word) => word.toLowerCase())
  const pattern = model === undefined ? undefined : patternOf(model)
  return fixtures.filter((fixture) => {
    const { name, request, recorded } = fixture
    const input = inputOf(fixture)
    const lower = `${name}\n${typeof input === 'string' ? input : JSON.stringify(input)}`.toLowerCase()
    return (
      wanted.every((word) => lower.includes(word)) &&
      (pattern === undefined || (typeof request.model === 'string' && pattern.test(request.model))) &&
      // A date that cannot be read counts as old.
      (before === undefined || !(Date.parse(recorded.at) >= before.getTime()))
    )
  })
}

/**
 * Plans to send some fixtures' requests. A conversation is sent from its beginning: the API forgets answers, and a
 * continuation has to fit what it continues.
 *
 * @param all every fixture there is, where earlier turns are looked for
 * @param placeholders what the user's own rules have put in place of a text
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

/** Why a request cannot be sent as the app sent it. */
function whyNot(fixture: Candidate, redactor: Redactor, placeholders: readonly string[]): string | undefined {
  const { call, requestText } = fixture
  const told = [requestText, JSON.stringify([call.query, call.headers])]
  const placeholder =
    told.map((text) => REDACTED.exec(text)?.[0]).find((found) => found !== undefined) ??
    placeholders.find((each) => told.some((text) => text.includes(inJson(each))))
  if (placeholder !== undefined) return `its request holds ${placeholder}: what stood there is not known any more`
  if (redactor.json(requestText, undefined, apiNamed(fixture.api).isWord) !== requestText) {
    return 'its request holds a secret, which a recording of today would take out: run deltatape redact first'
  }
  if (isTold(fixture.request)) return 'its request is no JSON object: only its app can send it'
  if (call.host !== undefined) return `it was asked of ${call.host}: only its app can send it`
  return undefined
}

/** A text as it stands within a string of JSON. */
const inJson = (text: string): string => JSON.stringify(text).slice(1, -1)

/** What stands in place of a secret. */
const REDACTED = /\[redacted:[\w-]+\]/

/** What the calls that deltatape makes in its own name say of their body. */
const JSON_BODY: Headers = [['content-type', 'application/json']]

/**
 * The call to send for a fixture: the one that the app sent. What asks for a new answer of the Responses API goes out in
 * deltatape's own name.
 *
 * @param newId the id of the new answer that it continues, if there is one
 */
export function callFor({ fixture, previousId }: Planned, newId: string | undefined): Call {
  const { method, path, query = [], headers = {} } = fixture.call
  const api = apiNamed(fixture.api)
  const body = Buffer.from(hasBody(fixture) ? continuing(fixture.requestText, newId ?? previousId) : '')
  const counting = Object.entries(headers).filter(([name]) => name !== 'content-type')
  const search = new URLSearchParams(query.map(([name, value]): [string, string] => [name, value])).toString()
  return {
    api,
    method,
    path,
    query: search === '' ? '' : `?${search}`,
    headers: [...(body.length > 0 ? JSON_BODY : []), ...counting],
    body,
    content: body,
    ...(asksResponses(fixture) ? { own: true } : {}),
  }
}

const asksResponses = ({ api, call }: Candidate): boolean =>
  api === 'responses' && call.method === 'POST' && /^(?:\/v1)?\/responses$/.test(call.path)

/** An empty object stands for no body, too. */
const hasBody = ({ request, call }: Candidate): boolean => Object.keys(request).length > 0 || call.method === 'POST'

/** The request with the id of the answer that it continues now; everything else of it stays as it stands. */
function continuing(text: string, id: string | undefined): string {
  const span = id === undefined ? undefined : memberSpan(text, 'previous_response_id')
  return span ? text.slice(0, span[0]) + JSON.stringify(id) + text.slice(span[1]) : text
}
