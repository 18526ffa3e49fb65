/** Carries the calls that deltatape makes in its own name: the `openai` package says how they are asked. */
import type { OpenAI } from 'openai'
import type { Transport } from '../../api/call.ts'
import { type Headers, headerOf, passedUp } from '../../api/headers.ts'
import { belowBase } from './address.ts'
import { keyOf, missingKey } from './credential.ts'
import type { LoadDispatcher } from './dispatcher.ts'
import { send } from './send.ts'

export interface SdkTransportOptions {
  readonly baseURL: string
  /** The key for calls that bring none; if there is none either, such a call is refused as the API would. */
  readonly apiKey: string | undefined
  readonly dispatcher: LoadDispatcher
}

/** Headers of a call that are not true of what the SDK sends: the key is its own, and the body has no coding. */
const NOT_PASSED: ReadonlySet<string> = new Set(['authorization', 'content-encoding'])

/**
 * Makes a transport that sends what the SDK would, with its variables for the organization, the project and further
 * headers. The SDK makes the request and does not send it: so the body goes out as it is (the SDK would write integers
 * anew), nothing is tried again, and every status is an answer.
 */
export function createSdkTransport({ baseURL, apiKey, dispatcher }: SdkTransportOptions): Transport {
  let loading: Promise<OpenAI> | undefined
  return async (call, signal) => {
    const key = keyOf(call.credential, apiKey)
    if (key === undefined) return missingKey()
    const own = await (loading ??= load(baseURL, apiKey))
    // To make one takes a tenth of the processor time that a recording of 100 deltas takes.
    const sdk = key === apiKey ? own : own.withOptions({ apiKey: key })
    const passed = passedUp(call.headers).filter(([name]) => !NOT_PASSED.has(name.toLowerCase()))
    const { req, url } = await sdk.buildRequest({
      method: 'post',
      path: belowBase(call.path) + call.query,
      body: call.content,
      headers: typed(passed).map((header) => [...header]),
    })
    const { origin, pathname, search } = new URL(url)
    const { method, content: body } = call
    const request = { origin, path: pathname + search, method, headers: [...req.headers], body }
    const incoming = await send(dispatcher, request, signal)
    return { ...incoming, ownKey: key === call.credential ? undefined : key }
  }
}

/** Of bytes the SDK does not say what they are, and a second `content-type` would be joined to the first. */
const typed = (headers: Headers): Headers =>
  headerOf(headers, 'content-type') === undefined ? [['content-type', 'application/json'], ...headers] : headers

/** Loaded for the first call: servers whose clients bring their own SDK never need it. */
async function load(baseURL: string, apiKey = 'none'): Promise<OpenAI> {
  const { OpenAI } = await import('openai')
  return new OpenAI({
    baseURL,
    // Unless a call brings its own.
    apiKey,
    // If OPENAI_ADMIN_KEY is set, it would take the place of that one.
    adminAPIKey: null,
    // What the SDK logs under OPENAI_LOG does not pass redaction.
    logLevel: 'off',
  })
}
