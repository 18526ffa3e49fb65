/** The calls that a person means who writes an answer: those of the simplest programs, of a chat, or one that is given. */
import type { Asked } from '../api/api.ts'
import type { Call } from '../api/call.ts'
import { apiOf } from '../api/index.ts'
import { DeltatapeError } from '../base/errors.ts'
import { isLoopback } from '../base/host.ts'
import { type JsonObject, parseObject } from '../base/json.ts'
import { quoted } from '../base/name.ts'
import { type RouteSettings, createRoutes, withoutHost } from '../model/transport/route.ts'
import { withoutName } from '../serve/names.ts'
import { splitTarget } from '../serve/target.ts'

/** What a person says of a call. */
export interface Asking {
  /** The text of the user. */
  readonly input?: string | undefined
  /** The JSON text of the request itself. */
  readonly request?: string | undefined
  /** The API, by the name that people have for it. */
  readonly api?: string | undefined
  /** The address that is called, or its path. */
  readonly url?: string | undefined
  readonly model?: string | undefined
  readonly maxTokens: number
  /** Whether it streams; undefined of those that do and those that do not. */
  readonly stream?: boolean | undefined
  /** Headers that count, each as `name: value`. */
  readonly headers: readonly string[]
}

export interface AskingSettings extends RouteSettings {
  readonly chatbotModel: string
}

/** How the simplest program asks an API. */
interface Shape {
  /** What people call it: as it is said, as fixtures do, or by whose it is. */
  readonly names: readonly [string, ...string[]]
  /** Whether a request looks like one of its own, among those of the shapes that come after it. */
  isLike(request: JsonObject): boolean
  /** The path, with a query. */
  path(model: string, streams: boolean): string
  body(input: string, model: string, maxTokens: number): JsonObject
  /** The model, if none is named. */
  model(settings: AskingSettings): string
  readonly headers?: readonly (readonly [string, string])[]
  /** Whether the path says that an answer streams, and not the request. */
  readonly byPath?: true
  /** Whether the answer in one piece is made of the one that streams, so that it takes no fixture of its own. */
  readonly derives?: true
}

const USUAL: Shape = {
  names: ['responses', 'openai'],
  isLike: () => true,
  path: () => '/v1/responses',
  body: (input, model) => ({ model, input }),
  model: ({ chatbotModel }) => chatbotModel,
  derives: true,
}

const SHAPES: readonly Shape[] = [
  {
    names: ['gemini', 'google'],
    isLike: ({ contents }) => contents !== undefined,
    path: (model, streams) => `/v1/models/${model}:${streams ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
    body: (text) => ({ contents: [{ parts: [{ text }], role: 'user' }] }),
    model: () => 'gemini-2.5-flash',
    byPath: true,
  },
  {
    names: ['messages', 'anthropic', 'claude'],
    isLike: ({ messages, model }) => messages !== undefined && String(model).startsWith('claude'),
    path: () => '/v1/messages',
    body: (content, model, maxTokens) => ({ model, max_tokens: maxTokens, messages: [{ role: 'user', content }] }),
    model: () => 'claude-sonnet-5',
    // It counts, and each version of its SDK has its own.
    headers: [['anthropic-version', '2026-10-21']],
  },
  {
    names: ['chat', 'chat-completions', 'completions'],
    isLike: ({ messages }) => messages !== undefined,
    path: () => '/v1/chat/completions',
    body: (content, model) => ({ model, messages: [{ role: 'user', content }] }),
    model: ({ chatbotModel }) => chatbotModel,
  },
  USUAL,
]

/** The names of the APIs whose answers can be written, the usual one first. */
export const APIS: readonly string[] = SHAPES.map(({ names: [name] }) => name).toReversed()

/**
 * The calls that are meant; several where one that streams and one that does not are.
 *
 * @throws DeltatapeError `config_invalid` for what does not go together
 */
export function callsFor(asking: Asking, settings: AskingSettings): Call[] {
  const { input, request, url, model, maxTokens } = asking
  const given = request === undefined ? undefined : objectIn(request)
  const place = url === undefined ? undefined : placeOf(url)
  const shape = shapeOf(asking, place, given)
  if (given && model !== undefined && !shape.byPath)
    throw unfit('--model', 'The request says itself which model is asked')
  const asked = model ?? shape.model(settings)
  const calls = formsOf(asking, shape, place, given).map((streams) => {
    const { path, query, named } = place ?? placeOf(shape.path(asked, streams))
    const says = streams && !shape.byPath ? { stream: true } : {}
    const text = request ?? JSON.stringify({ ...shape.body(input ?? '', asked, maxTokens), ...says })
    const content = Buffer.from(text)
    const headers = [['content-type', 'application/json'] as const, ...headersOf(asking, shape)]
    const call = { method: 'POST', path, query, headers, content } satisfies Asked
    const api = apiOf(call)
    return { ...call, api, body: content, to: createRoutes(settings).to({ row: api.name, path, headers }, named) }
  })
  return calls
}

/** Whether the calls stream that are meant: one of each kind, unless it is said, or the call itself says it. */
function formsOf({ stream }: Asking, shape: Shape, place: Place | undefined, given: JsonObject | undefined): boolean[] {
  const saysItself = shape.byPath ? place !== undefined : given !== undefined
  if (!saysItself) return stream === undefined ? (shape.derives ? [true] : [true, false]) : [stream]
  if (stream === undefined) return [false]
  throw unfit(
    stream ? '--stream' : '--no-stream',
    `The ${given ? 'request' : 'address'} says itself whether the answer streams`,
  )
}

const unfit = (flag: string, why: string) => new DeltatapeError('config_invalid', `${why}: leave ${flag} out.`)

function objectIn(request: string): JsonObject {
  const object = parseObject(request)
  if (object) return object
  throw new DeltatapeError(
    'config_invalid',
    '--request has to be the body that the app sends, a JSON object: in a file, as it is, or - for what comes in from a pipe.',
  )
}

/** The API that is meant: as it is said, or by the address, or by what the request has. */
function shapeOf({ api }: Asking, place: Place | undefined, given: JsonObject | undefined): Shape {
  const called = place && apiOf({ method: 'POST', path: place.path }).name
  const [said, byPath] = [api, called].map((name) => SHAPES.find(({ names }) => names.includes(name ?? '')))
  if (api !== undefined && said === undefined) {
    throw new DeltatapeError('config_invalid', `There is no --api ${quoted(api)}. There are ${APIS.join(', ')}.`)
  }
  if (said !== undefined && called !== undefined && said !== byPath)
    throw unfit('--api', `${place?.path} is a path of ${called}`)
  const likely = (given && called === undefined && SHAPES.find(({ isLike }) => isLike(given))) || USUAL
  if (called === undefined || byPath !== undefined || given) return said ?? byPath ?? likely
  throw new DeltatapeError(
    'config_invalid',
    `What --input stands for at ${place?.path} is not known. Give the request itself: --request request.json.`,
  )
}

function headersOf({ headers }: Asking, shape: Shape): (readonly [string, string])[] {
  const own = headers.map((header): readonly [string, string] => {
    const [, name, value] = /^([\w-]+)\s*[:=]\s*(.*)$/s.exec(header) ?? []
    if (name !== undefined && value !== undefined) return [name.toLowerCase(), value]
    throw new DeltatapeError(
      'config_invalid',
      `A header is given as 'anthropic-beta: x' (got ${JSON.stringify(header)}).`,
    )
  })
  const names = new Set(own.map(([name]) => name))
  return [...(shape.headers ?? []).filter(([name]) => !names.has(name)), ...own]
}

interface Place {
  readonly path: string
  readonly query: string
  /** The host that is named. */
  readonly named?: string | undefined
}

/**
 * Where a call goes: an address of this server says it in its path, with or without a name and a host in front of it. A
 * scheme may be missing: what begins with another host is then such a path.
 */
function placeOf(url: string): Place {
  const own = URL.parse(`http://${url}`)
  const whole = own && isLoopback(own.hostname) ? own : HTTP.test(url) ? URL.parse(url) : null
  const isHere = whole === null || isLoopback(whole.hostname)
  const { path: target, search: query } = splitTarget(whole ? whole.pathname + whole.search : url)
  const { path, named } = withoutHost(withoutName(target).path)
  return { path, query, named: isHere ? named : whole.origin }
}

const HTTP = /^https?:/i
