/** Which call it is. Several layers ask of one call; and the same call comes again and again, known by its bytes. */
import { LRUCache } from 'lru-cache'
import type { Call } from '../api/call.ts'
import { nextTurn } from '../base/clock.ts'
import { type Asked, type Identity, askedOf, keyOf } from '../fixture/key.ts'
import type { Match } from '../fixture/match.ts'
import { isCredentialHeader } from '../redact/places.ts'
import type { Redactor } from '../redact/redactor.ts'

/** How long the calls may be, together, whose identity is kept, and one alone. In bytes of their bodies. */
const IDENTITY_BYTES = 1024 * 1024

/** A call with a longer body waits for its turn, and gives it away in between. In bytes. */
const SHORT_BYTES = 64 * 1024

/**
 * The headers that count for which call it is: the type of the body, since one that is not said to be JSON is refused,
 * and the client's credentials, which are redacted in its request.
 */
const headersOf = ({ headers, credential }: Call): string =>
  [credential, ...headers.filter(([name]) => counts(name)).map(([, value]) => value)].join('\n')

const counts = (name: string): boolean => name.toLowerCase() === 'content-type' || isCredentialHeader(name)

/**
 * Makes what tells which call it is.
 *
 * @param inConversation tells it of a call that continues the answer with an id
 */
export function createIdentifier(
  { redactor, match }: { readonly redactor: Redactor; readonly match?: Match | undefined },
  inConversation: (asked: Asked, answerId: string) => Promise<Identity>,
): (call: Call) => Promise<Identity> {
  const known = new LRUCache<string, Identity>({ maxSize: IDENTITY_BYTES })
  const ofCall = new WeakMap<Call, Promise<Identity>>()
  const tell = async (call: Call): Promise<Identity> => {
    const { method, path, query, content } = call
    const head = `${method} ${path}${query}\n${headersOf(call)}\n`
    const fits = content.byteLength < IDENTITY_BYTES
    const bytes = fits
      ? head + Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString('latin1')
      : ''
    const before = known.get(bytes)
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
    return identity
  }
  return (call) => {
    const before = ofCall.get(call)
    if (before) return before
    const identity = tell(call)
    ofCall.set(call, identity)
    return identity
  }
}
