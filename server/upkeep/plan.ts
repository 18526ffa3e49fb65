/** Which fixtures are recorded again, in which order, and what is sent for each. Pure. */
import { apiNamed } from '../api/index.ts'
import type { Call, Destination } from '../api/call.ts'
import type { Headers } from '../api/headers.ts'
import { deltatape, marked } from '../base/command-line.ts'
import { memberSpan } from '../base/json-text.ts'
import { patternOf } from '../base/text.ts'
import { type Candidate, continuedBy } from '../fixture/fixture.ts'
import type { CallFacts } from '../fixture/key.ts'
import { inputOf } from '../fixture/likeness.ts'
import { isTold } from '../fixture/request.ts'
import { idOf } from '../fixture/take.ts'
import type { Routes } from '../model/transport/route.ts'
import type { Redactor } from '../redact/redactor.ts'
import { GONE, goneIn } from './continuing.ts'
import { carries, parentsIn } from './parents.ts'

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
  /** Whether its request carries something of that answer, which is put in anew. */
  readonly carries?: true | undefined
  /** Whether it was selected; if not, it is sent for what continues it. */
  readonly selected: boolean
  /** Where it goes: to the host that its call names, and to no other. */
  readonly to?: Destination | undefined
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
    const { name, api, call, request, recorded } = fixture
    const input = inputOf(fixture)
    const lower = `${name}\n${typeof input === 'string' ? input : JSON.stringify(input)}`.toLowerCase()
    return (
      wanted.every((word) => lower.includes(word)) &&
      (pattern === undefined || pattern.test(apiNamed(api).modelOf(call, request))) &&
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
 * @param routes say where calls go
 * @param flags with which another command finds the same fixtures
 */
export function planRefresh(
  all: readonly Candidate[],
  selected: readonly Candidate[],
  redactor: Redactor,
  placeholders: readonly string[],
  routes: Pick<Routes, 'to'>,
  flags: readonly string[] = [],
): Plan {
  const gone = goneIn(all)
  const parents = parentsIn(all)
  const parentOf = (fixture: Candidate) => (gone.has(fixture.name) ? undefined : parents(fixture))
  const chosen = new Set(selected.map(idOf))
  const send = new Map<string, Planned>()
  const skipped = new Map<string, string>()

  const plan = (fixture: Candidate): Candidate | undefined => {
    if (send.has(idOf(fixture))) return fixture
    const to = destinationOf(fixture, routes)
    const isGone = gone.has(fixture.name) ? GONE : undefined
    const why =
      isGone ?? to.refusal?.message ?? whyNot(fixture, queryFor(fixture, to), redactor, { placeholders, flags })
    if (why !== undefined) {
      skipped.set(fixture.name, why)
      return undefined
    }
    const parent = parentOf(fixture)
    const after = parent && plan(parent)
    const isCarrying = after !== undefined && carries(fixture, after)
    const previousId = fixture.follows === undefined ? parent?.responseId : undefined
    const isChosen = chosen.has(idOf(fixture))
    send.set(idOf(fixture), {
      fixture,
      after,
      previousId,
      ...(isCarrying && { carries: isCarrying }),
      selected: isChosen,
      to,
    })
    return fixture
  }
  const heirs = Map.groupBy(all, continuedBy)
  for (const fixture of selected) plan(fixture)
  // A new answer would leave what carries the old one behind. What is planned meanwhile is looked at, too.
  for (const { fixture } of send.values()) {
    for (const heir of heirs.get(fixture.key) ?? []) if (carries(heir, fixture)) plan(heir)
  }
  leaveBroken({ send, skipped, all, parentOf })
  const following = Map.groupBy(send.values(), ({ after }) => after && idOf(after))
  const inOrder = (id?: string): Planned[] =>
    (following.get(id) ?? []).flatMap((planned) => [planned, ...inOrder(idOf(planned.fixture))])
  return { send: inOrder(), skipped: Array.from(skipped, ([name, why]) => ({ name, why })) }
}

interface Planning {
  readonly send: Map<string, Planned>
  /** Why they are not sent, by name. */
  readonly skipped: Map<string, string>
  readonly all: readonly Candidate[]
  readonly parentOf: (fixture: Candidate) => Candidate | undefined
}

/** What is to be done about a conversation that is not sent. */
export const BY_ITS_APP = 'run its app with MODEL_MODE=record to record all of it anew'

/** A conversation of which a part cannot be sent is not sent at all: the rest would be left behind. */
function leaveBroken({ send, skipped, all, parentOf }: Planning): void {
  const isLeft = ({ name }: Candidate) => skipped.has(name)
  const pairs = all.flatMap((fixture) => {
    const parent = parentOf(fixture)
    return parent && carries(fixture, parent) ? [{ fixture, parent }] : []
  })
  for (let left = -1; left !== skipped.size;) {
    left = skipped.size
    for (const { fixture, parent } of pairs) {
      if (isLeft(parent) === isLeft(fixture)) continue
      const [one, other] = isLeft(parent) ? [fixture, parent] : [parent, fixture]
      if (send.delete(idOf(one)))
        skipped.set(one.name, `its conversation holds ${other.name}, which cannot be sent again: ${BY_ITS_APP}`)
    }
  }
}

/** What could be sent, and which variables would have to hold a key for it. */
export interface Keyless extends Plan {
  readonly variables: readonly string[]
}

/** Leaves out of a plan what would be asked of a service without a key that it asks for. */
export function withKeys({ send, skipped }: Plan, routes: Pick<Routes, 'keyFor'>): Keyless {
  const lacking = new Map(
    send.flatMap(({ fixture: { name }, to }) => {
      const service = to?.service
      return service && service.keys.length > 0 && routes.keyFor(service) === undefined ? [[name, service]] : []
    }),
  )
  const without = Array.from(lacking, ([name, service]) => ({
    name,
    why: `${service.name} asks for a key, and ${service.keys.join(' or ')} is not set`,
  }))
  return {
    send: send.filter(({ fixture: { name } }) => !lacking.has(name)),
    skipped: [...skipped, ...without],
    variables: [...new Set(Array.from(lacking.values(), ({ keys }) => keys.join(' or ')))],
  }
}

/** Where a fixture's call goes. What its path says counts, as long as that is the host that its call names. */
export function destinationOf(
  { api, call: { path, host, headers = {} } }: Candidate,
  routes: Pick<Routes, 'to'>,
): Destination {
  const addressed = { row: api, path, headers: Object.entries(headers) }
  const home = routes.to(addressed)
  return host === undefined || home.host === host ? home : routes.to(addressed, host)
}

/** The parameters that are sent: a key that stood among them is the server's own now. */
const queryFor = ({ call: { query = [] } }: Pick<Candidate, 'call'>, to: Destination | undefined) =>
  query.filter(([name]) => !(to?.service?.carries.includes(`?${name}`) ?? false))

/** Why a request cannot be sent as the app sent it. */
function whyNot(
  fixture: Candidate,
  query: CallFacts['query'],
  redactor: Redactor,
  { placeholders, flags }: { readonly placeholders: readonly string[]; readonly flags: readonly string[] },
): string | undefined {
  const { call, requestText } = fixture
  const told = [requestText, JSON.stringify([call.path, query, call.headers])]
  const placeholder =
    told.map((text) => REDACTED.exec(text)?.[0]).find((found) => found !== undefined) ??
    placeholders.find((each) => told.some((text) => text.includes(inJson(each))))
  if (placeholder !== undefined) return `its request holds ${placeholder}: what stood there is not known any more`
  const isClean = redactor.json(requestText, undefined, apiNamed(fixture.api).isWord) === requestText
  if (!isClean || redactor.path(call.path) !== call.path) {
    return `its request holds a secret, which a recording of today would take out: ${marked(deltatape('redact', '--apply', ...flags))} takes it out of the fixture, and then its app has to send it again, with MODEL_MODE=record`
  }
  if (!isTold(fixture.request)) return undefined
  const kept = requestText.includes('"sha256"') ? ', and of its bytes only a hash is kept' : ''
  return `its request is no JSON object${kept}: let its app send it again, with MODEL_MODE=record`
}

/** A text as it stands within a string of JSON. */
const inJson = (text: string): string => JSON.stringify(text).slice(1, -1)

/** What stands in place of a secret. */
const REDACTED = /\[redacted:[\w-]+\]/

/** What the calls that deltatape makes in its own name say of their body. */
const JSON_BODY: Headers = [['content-type', 'application/json']]

/**
 * The call to send for a fixture: the one that the app sent. Where its row says so, and nobody else is named, it goes out
 * in deltatape's own name.
 *
 * @param newId the id of the new answer that it continues, if there is one
 * @param requestText its request, if that is not as it was
 */
export function callFor(
  { fixture, previousId, to }: Planned,
  newId: string | undefined,
  requestText = fixture.requestText,
): Call {
  const { method, path, headers = {} } = fixture.call
  const query = queryFor(fixture, to)
  const api = apiNamed(fixture.api)
  const isOwn = fixture.call.host === undefined && api.sendsOwn?.(fixture.call) === true
  const body = Buffer.from(hasBody(fixture) ? continuing(requestText, newId ?? previousId) : '')
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
    ...(isOwn ? { own: true } : { to }),
  }
}

/** An empty object stands for no body, too. */
const hasBody = ({ request, call }: Candidate): boolean => Object.keys(request).length > 0 || call.method === 'POST'

/** The request with the id of the answer that it continues now; everything else of it stays as it stands. */
function continuing(text: string, id: string | undefined): string {
  const span = id === undefined ? undefined : memberSpan(text, 'previous_response_id')
  return span ? text.slice(0, span[0]) + JSON.stringify(id) + text.slice(span[1]) : text
}
