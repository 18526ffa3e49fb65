/**
 * What an API is to answer in a test, said in a line: `text('Hello')`, `[text('Let me look.'), tool('weather', { city: 'Paris' })]`.
 * The answer streams as that API would have streamed it.
 */
import type { Item } from '../api/said.ts'

/** The `fetch` of the platform, whatever a test puts in its place. */
const { fetch: webFetch } = globalThis

export type { Item }

/** What an answer is made of: one piece, or several in order. */
export type Answer = Item | readonly Item[]

/**
 * The calls that are answered. A text: those whose last text of the user is that, however the request has it. An object:
 * those whose request has at least these members, as with `toMatchObject`; lists have as many items. `model` is the model
 * that is asked, and a text for `input`, `messages` or `contents` is the last text of the user. `{}` is every call.
 */
export type AnsweredCall = string | { readonly [member: string]: unknown }

/** A text, which streams word by word. */
export const text = (said: string): Item => ({ type: 'text', text: said })

/** What the model thinks before it speaks: a summary of its reasoning, a thinking block, a thought. */
export const reasoning = (thought: string): Item => ({ type: 'reasoning', text: thought })

/** That the model does not want to answer, in the words with which it says so. */
export const refusal = (said: string): Item => ({ type: 'refusal', text: said })

/**
 * A call of a tool. Several make parallel calls.
 *
 * @param args an object, or its JSON text
 */
export const tool = (name: string, args: object | string = {}): Item => ({
  type: 'tool',
  name,
  arguments: typeof args === 'string' ? args : JSON.stringify(args),
})

/** The answer is cut short, as if its tokens were used up. */
export const incomplete = (): Item => ({ type: 'incomplete' })

/**
 * The API refuses the call.
 *
 * @param status the HTTP status, from 400 to 599
 * @param message what the API says of it
 * @param code the word that APIs have for it, such as `rate_limit_exceeded`
 */
export const failure = (status: number, message?: string, code?: string): Item => ({
  type: 'failure',
  status,
  message,
  code,
})

/** How long the API takes for each piece, in ms; without it the pieces come as fast as the server replays. */
export const pace = (ms: number): Item => ({ type: 'pace', ms })

/** Several pieces as one answer, in order. */
export const answer = (...pieces: readonly Answer[]): readonly Item[] => pieces.flat()

/**
 * Answers calls of one client, until its name ends (`DELETE /@name`). Nothing is read from fixtures for such a call, nothing
 * is sent and nothing saved, in any mode. What was given last counts first; several answers to the same calls come one after
 * another, and then the last again.
 *
 * @param base the address of the client: `http://127.0.0.1:3300/@name`, with or without `/v1` behind it
 * @param token what the server asks of every client, if it does
 * @throws Error with the server's words if it does not take the answer
 */
export async function putAnswer(base: string, call: AnsweredCall, said: Answer, token?: string): Promise<void> {
  const { origin, pathname } = new URL(base)
  const [, name] = /^\/(?:@|%40)([^/]+)/.exec(pathname) ?? []
  if (name === undefined) {
    throw new Error(`Answers are for a client that names itself: put a name into the address, as in ${origin}/@my-test`)
  }
  const response = await webFetch(`${origin}/@${name}/answer`, {
    method: 'PUT',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ call, answer: said }),
  })
  if (response.ok) return
  const body: unknown = await response.json().catch(() => undefined)
  throw new Error(messageIn(body) ?? `The server did not take the answer: HTTP ${response.status}`)
}

/** The words of an error of the server. */
function messageIn(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('error' in body)) return undefined
  const { error } = body
  if (typeof error !== 'object' || error === null || !('message' in error)) return undefined
  return String(error.message)
}
