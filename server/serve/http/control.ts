/** What a client asks of its own name: what was asked under it, a fault for its answers, answers of its own, its end. */
import { z } from 'zod'
import { type Headers, headerOf } from '../../api/headers.ts'
import type { Clock } from '../../base/clock.ts'
import { DeltatapeError } from '../../base/errors.ts'
import { parseObject } from '../../base/json.ts'
import type { Account } from '../../base/ledger.ts'
import { notInThisMode, parsePlan } from '../../model/faults.ts'
import { readWish } from '../answers.ts'
import type { Config } from '../config.ts'
import { authorize, credentialsIn } from '../guard.ts'
import type { Misses } from '../misses.ts'
import type { Names } from '../names.ts'
import { readBody } from './body.ts'
import type { Reply } from './reply.ts'

export interface ControlOptions {
  readonly config: Config
  readonly names: Names
  readonly misses: Misses
  readonly clock: Clock
}

/** A request that is for a name itself. */
export interface Controlled {
  readonly name: string
  /** What its body is read from. */
  readonly request: Parameters<typeof readBody>[0]
  readonly headers: Headers
  readonly account: Account
}

/** Answers a request that is for a name itself. Rejects with a DeltatapeError. */
export type Control = (controlled: Controlled) => Promise<Reply>

type Act = (controlled: Controlled, options: ControlOptions) => Promise<Reply>

/** By method and path, without the name. */
const ACTS: Readonly<Record<string, Act>> = {
  'GET /turns': async ({ name }, { names, misses }) => {
    const { told, forgotten } = names.tell(name)
    misses.told(name)
    const more = forgotten > 0 ? [['x-deltatape-forgotten', String(forgotten)] as const] : []
    return json(told.length > 0 ? `[\n${told.join(',\n')}\n]` : '[]', more)
  },
  'PUT /fault': async ({ name, request, account }, { config, names, clock }) => {
    const body = await readBody(request, { maxBytes: config.maxBodyBytes, account }, clock)
    const { fault, times } = wishIn(Buffer.from(body).toString('utf8'))
    if (fault !== undefined) {
      if (config.mode !== 'replay') throw notInThisMode()
      parsePlan(fault)
    }
    names.breakNext(name, fault, times ?? Infinity)
    return json(JSON.stringify({ fault: fault ?? null, times }), [])
  },
  'PUT /answer': async ({ name, request, account }, { config, names, clock }) => {
    const body = await readBody(request, { maxBytes: config.maxBodyBytes, account }, clock)
    names.answer(name, readWish(Buffer.from(body).toString('utf8')))
    return { status: 204, headers: [], body: new Uint8Array() }
  },
  'DELETE /': async ({ name }, { names }) => {
    names.end(name)
    return { status: 204, headers: [], body: new Uint8Array() }
  },
}

const json = (text: string, more: Reply['headers']): Reply => ({
  status: 200,
  headers: [['content-type', 'application/json'], ['cache-control', 'no-store'], ...more],
  body: new TextEncoder().encode(`${text}\n`),
})

const wishSchema = z.object({ fault: z.string().nullish(), times: z.int().positive().nullish() })

/**
 * The fault that is asked for, as JSON or in its words alone, and for how many calls.
 *
 * @throws DeltatapeError `invalid_input`
 */
function wishIn(body: string): { readonly fault?: string | undefined; readonly times?: number | undefined } {
  const text = body.trim()
  if (!text.startsWith('{')) return { fault: text || undefined }
  const { data, error } = wishSchema.safeParse(parseObject(text))
  if (error) {
    throw new DeltatapeError(
      'invalid_input',
      'A fault is asked for in its words, such as refuse:529, or as {"fault":"refuse:529","times":1} with a whole number of calls.',
    )
  }
  return { fault: data.fault?.trim() || undefined, times: data.times ?? undefined }
}

/** Gives what answers a request for a name itself; undefined if it is one for something behind the name. */
export function controlOf(method: string, path: string, options: ControlOptions): Control | undefined {
  const key = `${method} ${path}`
  const act = Object.hasOwn(ACTS, key) ? ACTS[key] : undefined
  if (!act) return undefined
  return async (controlled) => {
    const { headers } = controlled
    // The image of a page has no origin, and would make a name forget.
    if (headerOf(headers, 'origin') === undefined && headerOf(headers, 'sec-fetch-site') === 'cross-site') {
      throw new DeltatapeError(
        'forbidden',
        'Requests that a page of another site makes are not let in here. A page of an origin in ALLOWED_ORIGINS may ask with fetch.',
      )
    }
    authorize(credentialsIn(headers), options.config)
    return act(controlled, options)
  }
}
