/** A turn as those are told of it who watch: without secrets, and in short. */
import type { Call } from '../api/call.ts'
import { type Tokens, tokensIn } from '../api/tokens.ts'
import type { Clock } from '../base/clock.ts'
import type { JsonObject } from '../base/json.ts'
import { shortened } from '../base/name.ts'
import { questionOf } from '../fixture/request.ts'
import type { Action } from '../model/model.ts'
import type { Redactor } from '../redact/redactor.ts'
import type { LiveTurn } from './feed.ts'
import type { TurnEntry } from './journal.ts'

/** What is looked at of a call that was made. */
type Made = Pick<Call, 'api' | 'method' | 'path' | 'query' | 'headers' | 'content' | 'credential' | 'to'>

/** What is known of a turn so far. */
export interface Shown extends Pick<LiveTurn, 'n' | 'endpoint' | 'id' | 'unit'> {
  /** When it began, by the clock that never goes back. */
  readonly began: number
  count: number
  bytes: number
  firstMs: number | undefined
  /** The call that it became; absent if it became none, or nobody may look at it any more. */
  call: Made | undefined
  end: End | undefined
}

/** How a turn ended. Its texts are not redacted yet. */
type End = Pick<LiveTurn, 'api' | 'host' | 'model' | 'chars' | 'tokens' | 'code' | 'message' | 'ms'> & {
  readonly action: Action | undefined
}

/** How long texts may be that are shown, in characters: what a client names, the question, and an explanation. */
const MAX_TEXT_CHARS = 256

const MAX_ASKED_CHARS = 200

const MAX_MESSAGE_CHARS = 8192

/** As much more of a text is redacted as a secret may be long that begins within what is shown of it. */
const MAX_SECRET_CHARS = 4096

/** A longer request is not read to show its question, in bytes; and of a turn that has ended only a short one is kept. */
const MAX_READ_BYTES = 512 * 1024

const MAX_KEPT_BYTES = 8 * 1024

/** The tokens of answers that come again are counted once. */
const countedTokens = new WeakMap<JsonObject, Tokens>()

function tokensOf(usage: JsonObject): Tokens {
  const before = countedTokens.get(usage)
  if (before) return before
  const tokens = tokensIn(usage)
  countedTokens.set(usage, tokens)
  return tokens
}

/** What is remembered of the end of a turn: little, however much a client or an API says. */
export const endOf = ({ action, api, host, model, chars, usage, code, message, ms }: TurnEntry): End => ({
  action,
  api,
  host,
  model,
  chars,
  tokens: usage && tokensOf(usage),
  code,
  message: message && beginningOf(message, MAX_MESSAGE_CHARS),
  ms,
})

/** What is remembered of the call of a turn that has ended. */
export function keptOf(call: Made | undefined): Made | undefined {
  if (call === undefined || call.content.byteLength > MAX_KEPT_BYTES) return undefined
  const { api, method, path, query, headers, content, credential, to } = call
  return { api, method, path, query, headers, content, credential, to }
}

/** As much of a text as has to be known to redact what is shown of it. A copy: a part keeps the whole in memory. */
const beginningOf = (text: string, max: number): string =>
  text.length <= max + MAX_SECRET_CHARS ? text : Buffer.from(text.slice(0, max + MAX_SECRET_CHARS)).toString('utf8')

/** Makes what tells of turns as they are now. What does not change of one any more is made once. */
export function createTelling(redactor: Redactor, clock: Clock): (shown: Shown) => LiveTurn {
  const plain = redactor.forSecrets
  const beginnings = new WeakMap<Shown, Beginning>()
  const ends = new WeakMap<End, Ended>()

  const beginningFor = (shown: Shown): Beginning => {
    const known = beginnings.get(shown)
    if (known) return known
    const { endpoint, id, call, began } = shown
    const own = call ? plain.for(call) : plain
    const beginning = {
      endpoint: redacted(own, endpoint) ?? '',
      at: new Date(clock.date().getTime() - (clock.now() - began)).toISOString(),
      id: redacted(own, id),
      ...(call && aboutCall(call, own, redactor)),
    }
    beginnings.set(shown, beginning)
    return beginning
  }

  const endFor = (end: End, call: Made | undefined): Ended => {
    const known = ends.get(end)
    if (known) return known
    const own = call ? plain.for(call) : plain
    const { action, host, model, message, ...others } = end
    const ended = {
      ...others,
      host: redacted(own, host),
      model: redacted(own, model),
      action: action?.kind,
      fixture: action?.fixture,
      derived: action?.derived,
      why: redacted(own, action?.why),
      changes: redacted(own, action?.changes),
      message: redacted(own, message, MAX_MESSAGE_CHARS),
    }
    ends.set(end, ended)
    return ended
  }

  return (shown) => {
    const { n, unit, began, count, bytes, firstMs, call, end } = shown
    const ms = clock.now() - began
    const beginning = beginningFor(shown)
    if (!end) return { n, unit, ...beginning, count, bytes, firstMs, ms, open: true }
    const { api = beginning.api, host = beginning.host, model = beginning.model, ...ended } = endFor(end, call)
    return { n, unit, ...beginning, count, bytes, firstMs, api, host, model, ...ended, open: false }
  }
}

type Beginning = Pick<LiveTurn, 'endpoint' | 'at' | 'id' | 'api' | 'host' | 'model' | 'asked'>

type Ended = Omit<LiveTurn, keyof Shown | 'at' | 'asked' | 'open'>

/** A text that may be shown; undefined if there is none. */
const redacted = (redactor: Redactor, text: string | undefined, max = MAX_TEXT_CHARS): string | undefined =>
  text ? shortened(redactor.text(beginningOf(text, max)), max) : undefined

/** What a call tells of itself. The rules of the user count for what its user said. */
function aboutCall(call: Made, own: Redactor, redactor: Redactor): Pick<LiveTurn, 'api' | 'host' | 'model' | 'asked'> {
  const { api, to, content } = call
  const about = { api: api.name, host: redacted(own, to?.host) }
  if (content.byteLength > MAX_READ_BYTES) return about
  try {
    const { request } = questionOf(call)
    const asked = redacted(redactor.for(call), api.lastUserText(request).trim(), MAX_ASKED_CHARS)
    return { ...about, model: redacted(own, api.modelOf(call, request)), asked: asked?.replaceAll(/\s+/g, ' ') }
  } catch {
    // What nobody could read fails its own turn: nothing is to break for those who look on.
    return about
  }
}
