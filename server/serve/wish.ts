/** How a client asks for an answer under its name. It is loaded by tests: it needs nothing else. */
import type { Item } from '../api/said.ts'

/** The `fetch` of the platform, whatever a test puts in its place. */
const { fetch: webFetch } = globalThis

/** What an answer is made of: one piece, or several in order. */
export type Answer = Item | readonly Item[]

/**
 * The calls that are answered. A text: those whose last text of the user is that, however the request has it. An object:
 * those whose request has at least these members, as with `toMatchObject`; lists have as many items. `model` is the model
 * that is asked, and a text for `input`, `messages` or `contents` is the last text of the user. `{}` is every call.
 */
export type AnsweredCall = string | object

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
    throw new Error(
      `Answers are for a client that names itself: put a name into the address, as in ${origin}/@my-test.`,
    )
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
  throw new Error(
    messageIn(body) ?? `The server did not take the answer: HTTP ${response.status}. See what is at ${origin}.`,
  )
}

/** The words of an error of the server. */
function messageIn(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('error' in body)) return undefined
  const { error } = body
  if (typeof error !== 'object' || error === null || !('message' in error)) return undefined
  return String(error.message)
}
