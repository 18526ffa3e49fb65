/** How a browser replays a fixture, so that this very fixture is what the server plays. */
import type { Destination } from '../../api/call.ts'
import { type Headers, headerOf } from '../../api/headers.ts'
import { apiOf } from '../../api/index.ts'
import { DeltatapeError } from '../../base/errors.ts'
import { memberText } from '../../base/json-text.ts'
import { quoted } from '../../base/name.ts'
import type { StoredFixture } from '../../fixture/fixture.ts'
import { takeOf } from '../../fixture/take.ts'
import { type RouteSettings, createRoutes, withoutHost } from '../../model/transport/route.ts'
import type { Store } from '../../store/store.ts'
import { callFor, destinationOf } from '../../upkeep/plan.ts'
import { isCall, splitTarget } from '../target.ts'
import { API, createCalls } from '../ws/calls.ts'
import { chat } from '../ws/chat.ts'
import type { Replay } from './data.ts'

/** What the server was told that counts for replays. */
export interface ReplaySettings extends RouteSettings {
  readonly chatbotModel: string
  readonly maxInputBytes: number
}

type StoreToReplay = Pick<Store, 'identify' | 'nameOf' | 'nameWith' | 'read'>

type OverHttp = Extract<Replay, { readonly how: 'http' }>

/** Makes what tells how a fixture is replayed. Each way is tried, short of playing: what it does not lead to is not told. */
export function createReplays(
  settings: ReplaySettings,
  store: StoreToReplay,
): (fixture: StoredFixture) => Promise<Replay> {
  const routes = createRoutes(settings)
  const inChat = createChat(settings, store)

  /** Whether a call over HTTP is the one that the fixture was recorded of, as the server reads it. */
  const leads = async (call: OverHttp, { key }: StoredFixture): Promise<boolean> => {
    const { method, target, body = '' } = call
    const headers = sentWith(call)
    const { path: whole, search: query } = splitTarget(target)
    if (!isCall(method, whole, () => headers)) return false
    const { named, path } = withoutHost(whole)
    const content = Buffer.from(body)
    const api = apiOf({ method, path, query, headers, content })
    const to = routes.to({ row: api.name, path, headers }, named)
    return (await store.identify({ api, method, path, query, headers, content, body: content, to })).key === key
  }

  /** @param previousId the id of the answer that it continues, if that is not the one that the request names */
  const wayOf = async (fixture: StoredFixture, previousId?: string): Promise<Replay> => {
    const asked = askedOf(fixture, destinationOf(fixture, routes), previousId)
    const message = await inChat(fixture, asked.body)
    if (message !== undefined) return { how: 'chat', message, take: asked.take }
    const why = whyNot(asked)
    if (why !== undefined) return none(why)
    return (await leads(asked, fixture)) ? asked : none(NOT_THE_SAME)
  }

  /** The id that the answer has by now which a fixture continues: it may have been recorded anew. */
  const previousIdOf = async ({ previousKey }: StoredFixture): Promise<string | undefined> => {
    const name = previousKey === undefined ? undefined : await store.nameWith(previousKey)
    return name === undefined ? undefined : (await store.read(name)).responseId
  }

  const replayOf = async (fixture: StoredFixture): Promise<Replay> => {
    const named = await store.nameOf(fixture, takeOf(fixture))
    if (named === undefined) return none('No call finds this fixture: its name does not end with its key.')
    if (named !== fixture.name) return none(`The same call is answered from another file, ${named}.`)
    const way = await wayOf(fixture)
    const previousId = way.how === 'none' ? await previousIdOf(fixture) : undefined
    return previousId === undefined ? way : wayOf(fixture, previousId)
  }

  return async (fixture) => {
    try {
      return await replayOf(fixture)
    } catch (error) {
      if (error instanceof DeltatapeError) return none(error.message)
      throw error
    }
  }
}

const none = (why: string): Replay => ({ how: 'none', why })

const NOT_THE_SAME =
  'A browser cannot send the same call: what counts of it is no longer known, or is read in another way today.'

/** Makes what gives the message of a chat client whose call was recorded in a fixture; undefined if there is none. */
function createChat({ chatbotModel: model, maxInputBytes }: ReplaySettings, store: StoreToReplay) {
  const dialect = chat({ model, deltas: true })((text) => text)
  const calls = createCalls({ own: true, headers: [], query: '', credential: undefined, manner: {} })
  return async ({ api, key }: StoredFixture, body = ''): Promise<string | undefined> => {
    if (api !== API.name) return undefined
    const members = ['input', 'previous_response_id'].flatMap((name) => {
      const text = memberText(body, name)
      return text === undefined ? [] : `"${name}":${text}`
    })
    const message = `{${members.join()}}`
    if (Buffer.byteLength(message) > maxInputBytes) return undefined
    const request = dialect.read(message)
    if (request.kind !== 'request') return undefined
    const identity = await store.identify(calls.for(request))
    return identity.key === key ? message : undefined
  }
}

/** The call of a fixture, as a page can send it. */
function askedOf(fixture: StoredFixture, to: Destination, previousId: string | undefined): OverHttp {
  const { host } = fixture.call
  const call = callFor({ fixture, after: undefined, previousId, selected: true, to }, undefined)
  const body = Buffer.from(call.body).toString('utf8')
  return {
    how: 'http',
    method: call.method,
    target: `${host === undefined ? '' : `/${host}`}${call.path}${call.query}`,
    headers: call.headers,
    ...(body === '' ? {} : { body }),
    take: takeOf(fixture),
  }
}

/** Methods that a page cannot use (Fetch, 2.2.1), and those that come without a body there. */
const FORBIDDEN = /^(?:CONNECT|TRACE|TRACK)$/i
const BODILESS = /^(?:GET|HEAD)$/i

/** Headers that a page cannot set (Fetch, 2.2.2). */
const FORBIDDEN_HEADER =
  /^(?:accept-charset|accept-encoding|access-control-request-.*|connection|content-length|cookie2?|date|dnt|expect|host|keep-alive|origin|referer|set-cookie|te|trailer|transfer-encoding|upgrade|via|proxy-.*|sec-.*)$/i

/** The headers of a call with those that a browser adds where a page names none (Fetch, 4.6 and 5.4): they may count. */
function sentWith({ headers, body }: OverHttp): Headers {
  const added: Headers = [
    ['accept', '*/*'],
    ...(body === undefined ? [] : [['content-type', 'text/plain;charset=UTF-8'] as const]),
  ]
  return [...headers, ...added.filter(([name]) => headerOf(headers, name) === undefined)]
}

/** What a page can send in a header: bytes, without line breaks. */
const SENDABLE = /^[^\0\r\n\u0100-\uffff]*$/

function whyNot({ method, target, headers, body }: OverHttp): string | undefined {
  if (FORBIDDEN.test(method)) return `A browser sends no ${method}.`
  if (BODILESS.test(method) && body !== undefined)
    return `A browser sends no body with ${method}, and this call has one.`
  const forbidden = headers.find(([name, value]) => FORBIDDEN_HEADER.test(name) || !SENDABLE.test(value))
  if (forbidden) return `The header ${quoted(forbidden[0])} counts for this call, and a page cannot send it as it was.`
  const url = URL.parse(target, 'http://localhost')
  return url?.pathname + (url?.search ?? '') === target
    ? undefined
    : 'A browser cannot ask for this path as it was: it makes another of it.'
}
