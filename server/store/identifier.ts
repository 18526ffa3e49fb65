/** Which call it is. Several layers ask of one call; and the same call comes again and again, known by its bytes. */
import { LRUCache } from 'lru-cache'
import type { Call } from '../api/call.ts'
import { headersThatCount } from '../api/headers.ts'
import { nextTurn } from '../base/clock.ts'
import { type Asked, type Identity, askedOf, keyOf } from '../fixture/key.ts'
import type { Match } from '../fixture/match.ts'
import { isCredentialHeader } from '../redact/places.ts'
import type { Redactor } from '../redact/redactor.ts'

/** How long the calls may be, together, whose identity is kept: those of 10,000 short ones. In bytes of their bodies. */
const IDENTITY_BYTES = 3 * 1024 * 1024

/** And how long one alone. */
const MAX_IDENTITY_BYTES = 1024 * 1024

/** A call with a longer body waits for its turn, and gives it away in between. In bytes. */
const SHORT_BYTES = 64 * 1024

/**
 * All that tells calls apart beside their bodies: the method, the host if it counts, the path and the query; the headers
 * that count for the API; the type of the body, since one that is not said to be JSON is refused; and the client's
 * credentials, which are redacted in its request.
 */
function headOf({ api, method, to, path, query, headers, credential }: Call): string {
  const counting = headersThatCount(api.counts?.headers)
  const lines = [`${api.name} ${method} ${to?.host ?? ''} ${path}${query}`, credential]
  for (const [name, value] of headers) {
    const lower = name.toLowerCase()
    if (lower === 'content-type' || isCredentialHeader(name) || counting.includes(lower)) lines.push(lower, value)
  }
  return lines.join('\n')
}

/**
 * Makes what tells which call it is.
 *
 * @param inConversation tells it of a call that continues the answer with an id
 * @param match what counts for keys, if the user has a say in it
 */
export function createIdentifier(
  redactor: Redactor,
  inConversation: (asked: Asked, answerId: string) => Promise<Identity>,
  match?: Match,
): (call: Call) => Promise<Identity> {
  const known = new LRUCache<string, Identity>({ maxSize: IDENTITY_BYTES })
  /** The last call with these bytes. */
  const last = new WeakMap<Call['content'], Told>()
  const tell = async (told: Told): Promise<Identity> => {
    const { call } = told
    const { content } = call
    const fits = content.byteLength < MAX_IDENTITY_BYTES
    const bytes = fits
      ? `${headOf(call)}\n` + Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString('latin1')
      : ''
    const before = known.get(bytes)
    told.lasts = before !== undefined
    if (before) return before
    const isLong = content.byteLength > SHORT_BYTES || redactor.mayTakeLong || match?.mayTakeLong === true
    if (isLong) await nextTurn()
    const asked = askedOf(call, redactor, undefined, match)
    if (isLong) await nextTurn()
    const answerId = call.api.continues(asked.request)
    // What it continues may be recorded meanwhile.
    if (answerId !== undefined) return inConversation(asked, answerId)
    const identity = { key: keyOf(asked), ...asked }
    if (fits) known.set(bytes, identity, { size: bytes.length })
    told.lasts = true
    return identity
  }
  return (call) => {
    const before = last.get(call.content)
    if (before?.identity && (before.call === call || (before.lasts && isAlike(before.call, call))))
      return before.identity
    const told: Told = { call, lasts: false }
    last.set(call.content, told)
    told.identity = tell(told)
    return told.identity
  }
}

/** Which call one is. */
interface Told {
  readonly call: Call
  identity?: Promise<Identity>
  /** Whether another call that is alike is the same, whenever it comes. */
  lasts: boolean
}

/** Whether all that tells calls apart beside their bodies is the very same. */
const isAlike = (one: Call, other: Call): boolean =>
  one.api === other.api &&
  one.method === other.method &&
  one.to === other.to &&
  one.path === other.path &&
  one.query === other.query &&
  one.headers === other.headers &&
  one.credential === other.credential
