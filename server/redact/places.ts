/** The places where credentials stand: names of headers and parameters, and members of JSON. */
import { LRUCache } from 'lru-cache'
import type { Place } from '../base/json-text.ts'

/** No name that counts is longer. */
const MAX_NAME_CHARS = 100

/** Names that say what they hold; they are compared in lower case and without `-`, `_` and `.`. */
const CREDENTIAL = new RegExp(
  [
    '(?:authorization|cookie)$',
    'secret|passw(?:or)?d|passphrase|credential|jwt',
    'token(?!s|i[sz]|count|limit|type|usage|budget|rate|length|expir|endpoint|url)',
    '(?:api|subscription|access|auth|private|signing|master|admin|account|functions|license|encryption|service)key$',
    '^x?auth$',
  ].join('|'),
)

/** Exceptions: rights of browsers, counts and limits, the place at which a list goes on, names of what is cached. */
const NO_CREDENTIAL = new RegExp(
  [
    '^accesscontrol|ratelimit',
    '(?:page|continuation|pagination|cursor|next|sync|resume|start|skip|stop|idempotency|request)token$',
    '(?:cache|idempotency|surrogate|websocket|public|partition|sort)key$',
  ].join('|'),
)

/** A header such as `x-functions-key`. */
const OWN_KEY = /^x[-_](?:.*[-_])?key$/i

/**
 * Whether a header, a parameter or a setting of this name holds a credential: `authorization`, `cookie`, `x-api-key`,
 * `access_token`, `client_secret`, …; not `max_tokens`, `next_page_token`, `prompt_cache_key`.
 */
export function isCredentialName(name: string): boolean {
  if (name.length > MAX_NAME_CHARS) return false
  const before = judged.get(name)
  if (before !== undefined) return before
  const is = saysCredential(name)
  judged.set(name, is)
  return is
}

/** What was found of names: each request asks of the same ones. At most some 100 kB. */
const judged = new LRUCache<string, boolean>({ max: 500 })

function saysCredential(name: string): boolean {
  const plain = name.toLowerCase().replaceAll(/[\s._-]/g, '')
  return !NO_CREDENTIAL.test(plain) && (CREDENTIAL.test(plain) || OWN_KEY.test(name))
}

/** Whether a header of this name holds a credential. A member `key` beside other members can be anything. */
export const isCredentialHeader = (name: string): boolean => name.toLowerCase() === 'key' || isCredentialName(name)

/** Headers that programs act on. They hold no text of anybody. */
const WORD_HEADERS =
  /^(?:content-(?:type|encoding|length|range)|accept-ranges|retry-after(?:-ms)?|x-should-retry|.*request-?id|.*ratelimit-.+|date)$/i

/** Whether a header of this name is a word of the protocol, and no text. */
export const isWordHeader = (name: string): boolean => WORD_HEADERS.test(name)

/** Parameters that sign an address: of S3 and Google, of Azure, of others. */
const SIGNATURE = /^(?:sig|hmac)$|signature$/i

/** Parameters that name an account or a key, and the short names of credentials. */
const PARAMETER = /^(?:key|auth|pass|pwd|sas|(?:aws|oss)?accesskeyid|googleaccessid)$/i

/** The kind of secret that a parameter of a query holds by its name; undefined if it holds none. */
export function parameterKind(name: string): 'credential' | 'signature' | undefined {
  if (SIGNATURE.test(name)) return 'signature'
  return PARAMETER.test(name) || isCredentialName(name) ? 'credential' : undefined
}

/** Whether a parameter of a query holds a credential, so that it never counts for a key. */
export const isCredentialParameter = (name: string): boolean => parameterKind(name) !== undefined

/** Members that hold headers: an object, or a list of `{ name, value }` or of pairs. */
const HEADERS = /^(?:(?:http|HTTP|extra|default|request|response|custom|additional)[_-]?)?(?:[Hh]eaders|HEADERS)$/

const AUTHORIZATION = /^(?:[Pp]roxy[_-]?)?(?:[Aa]uthorization|AUTHORIZATION)$/

/**
 * Members that hold a credential wherever they stand: those of OAuth (RFC 6749), and settings of programs. Not those that
 * an app has for its own, such as `session_token`: what a model hands to a tool has to come back as it was.
 */
const NAMES = [
  'api[_-]?key',
  '(?:access|refresh)[_-]?token',
  'client[_-]?secret',
  'secret[_-]?(?:access[_-]?)?key',
  'private[_-]?key',
].join('|')

const MEMBER = new RegExp(`^(?:${NAMES})$`, 'i')

/** A secret that stands beside the time when it ends: `"client_secret":{"value","expires_at"}`. */
const HOLDER = /^client[_-]?secret$/i

/** What follows a name: quotes, which are escaped if the text was put into another as a string, and a colon. */
const BEHIND = String.raw`\\{0,9999}"\s{0,999}:`

/** How names end that count: to look for all of each takes longer. */
const ENDS = 'eaders|EADERS|uthorization|UTHORIZATION|domain_secrets|[Kk]ey|KEY|[Tt]oken|TOKEN|[Ss]ecret|SECRET'

const HAS_PLACE = new RegExp(String.raw`(?:${ENDS})${BEHIND}|\\u`)

/** Whether a JSON text can have such a place: it has the name of one, or an escape that may hide it. */
export const mayHavePlaces = (json: string): boolean => HAS_PLACE.test(json)

/**
 * What a string is by where it stands: a credential, or the name or the value of a header in a list, of which the name
 * tells whether the value is one.
 */
export type Standing = 'credential' | 'name' | 'value' | undefined

/** What a value is by where it stands in a JSON text. */
export function standingOf(place: Place): Standing {
  const [around, holder, last] = [place.at(-3), place.at(-2), place.at(-1)]
  if (typeof last === 'string' && (AUTHORIZATION.test(last) || MEMBER.test(last))) return 'credential'
  if (last === 'value' && typeof holder === 'string' && HOLDER.test(holder)) return 'credential'
  if (typeof holder === 'string') {
    const name = typeof last === 'number' ? holder : last
    const held = typeof last === 'number' ? around : holder
    return isHeaders(held) && typeof name === 'string' && isCredentialHeader(name) ? 'credential' : undefined
  }
  if (typeof holder !== 'number') return undefined
  if (around === 'domain_secrets' && last === 'value') return 'credential'
  if (!isHeaders(around)) return undefined
  if (last === 'name' || last === 'key' || last === 0) return 'name'
  return last === 'value' || last === 1 ? 'value' : undefined
}

const isHeaders = (name: string | number | undefined): boolean => typeof name === 'string' && HEADERS.test(name)

/** One header of a list: its name, and what stands for its values. */
interface Header<Value> {
  name?: string
  readonly values: Value[]
}

/** Takes the headers of lists apart: a value is known for what it is only after the name that may follow it. */
export function createHeaderList<Value>() {
  const headers = new Map<number, Header<Value>>()
  const headerIn = (within: number): Header<Value> => {
    const header = headers.get(within) ?? { values: [] }
    headers.set(within, header)
    return header
  }
  return {
    /** @param within tells the headers of a list apart: the index at which each begins */
    name(within: number, name: string): void {
      headerIn(within).name = name
    },
    value(within: number, value: Value): void {
      headerIn(within).values.push(value)
    },
    /** The values that are credentials. */
    credentials: (): Value[] =>
      [...headers.values()].flatMap(({ name = '', values }) => (isCredentialHeader(name) ? values : [])),
  }
}
