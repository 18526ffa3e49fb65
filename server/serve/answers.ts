/** The answers that clients want under their names: to which calls, and in which order. */
import { z } from 'zod'
import type { Call } from '../api/call.ts'
import type { Wanted } from '../api/said.ts'
import { DeltatapeError } from '../base/errors.ts'
import { type JsonObject, type JsonValue, flawOf, isEqual, isObject, memberOf, parseObject } from '../base/json.ts'
import { weightOf } from '../base/weight.ts'
import { questionOf } from '../fixture/request.ts'
import { readItems } from '../fixture/written.ts'

/** What a client asks for: to which calls it wants which answer. */
export interface Wish {
  /** The text of the user, or what the request holds at least. */
  readonly to: string | JsonObject
  readonly wanted: Wanted
  /** How much memory it takes, in bytes. */
  readonly weight: number
}

/** What one client wants. */
export interface Answers {
  readonly weight: number
  add(wish: Wish): void
  /** The answer that the next such call gets; undefined if nothing is wanted for it. */
  next(call: Call): Wanted | undefined
}

const wishSchema = z.object({
  call: z.union([z.string(), z.custom<JsonObject>(isObject)]),
  answer: z.unknown(),
})

/**
 * Reads what a client wants.
 *
 * @throws DeltatapeError `invalid_input`
 */
export function readWish(text: string): Wish {
  const { data, error } = wishSchema.safeParse(parseObject(text))
  if (error) {
    throw new DeltatapeError(
      'invalid_input',
      'An answer is asked for as {"call":"Say hi","answer":[{"type":"text","text":"Hello"}]}: the call is the text of the user, or an object with what its request holds at least.',
    )
  }
  const flaw = flawOf(data.call)
  if (flaw) throw new DeltatapeError('invalid_input', `The call that is to be answered ${flaw}.`)
  return { to: data.call, wanted: readItems(data.answer), weight: WISH_BYTES + 2 * weightOf(text) }
}

const WISH_BYTES = 500

/** The answers to the same calls, in order. */
interface Row {
  readonly to: Wish['to']
  readonly wanted: Wanted[]
  given: number
}

/** What was asked for last counts first; several answers to the same calls come one after another, then the last again. */
export function createAnswers(): Answers {
  let rows: Row[] = []
  let weight = 0
  return {
    get weight() {
      return weight
    },
    add(wish) {
      weight += wish.weight
      const known = rows.find(({ to }) => isEqual(to, wish.to))
      const row = known ?? { to: wish.to, wanted: [], given: 0 }
      row.wanted.push(wish.wanted)
      rows = [row, ...rows.filter((each) => each !== row)]
    },
    next(call) {
      const { request } = questionOf(call)
      // What nobody can ask is answered as ever: with an error.
      if (flawOf(request)) return undefined
      const asked = readOnce(call, request)
      for (const row of rows) {
        const wanted = row.wanted[Math.min(row.given, row.wanted.length - 1)]
        if (!wanted || !fits(wanted, call) || !isMeant(row.to, asked)) continue
        row.given++
        return wanted
      }
      return undefined
    },
  }
}

/** The members that hold what a user said; a text in place of them is that of the user, however the request has it. */
const INPUTS = new Set(['input', 'messages', 'contents', 'prompt'])

/** Whether a call can be answered so: what no model answers, such as a count of tokens, can only fail. */
const fits = ({ failure }: Wanted, { api, method, path }: Call): boolean =>
  failure !== undefined || (api.writer?.answers({ method, path }) ?? false)

/** A call as answers are found for it. */
interface Asked {
  readonly request: JsonObject
  says(text: JsonValue): boolean
  asks(model: JsonValue): boolean
}

/** What takes its time to be found in a request, found once: thousands of answers may be wanted. */
function readOnce({ api, method, path }: Call, request: JsonObject): Asked {
  let text: string | undefined
  let model: string | undefined
  return {
    request,
    says: (wanted) => (text ??= api.lastUserText(request)) === wanted,
    asks: (wanted) => (model ??= api.modelOf({ method, path }, request)) === wanted,
  }
}

/** Whether a call is meant by a text of the user, or by what its request holds at least. */
function isMeant(to: Wish['to'], { request, says, asks }: Asked): boolean {
  if (typeof to === 'string') return says(to)
  return Object.entries(to).every(([name, value]) => {
    if (name === 'model') return asks(value)
    if (INPUTS.has(name) && typeof value === 'string') return says(value)
    return holds(memberOf(request, name), value)
  })
}

/** Whether a value has all that another one has. Lists have as many items, since a longer one is another question. */
function holds(value: JsonValue | undefined, least: JsonValue): boolean {
  if (Array.isArray(least)) {
    return (
      Array.isArray(value) && value.length === least.length && least.every((item, index) => holds(value[index], item))
    )
  }
  if (!isObject(least)) return value === least
  return isObject(value) && Object.entries(least).every(([name, item]) => holds(memberOf(value, name), item))
}
