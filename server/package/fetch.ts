/** A fetch that answers in this process. */
import { type Options, configOf } from '../serve/config.ts'
import { reached } from '../serve/http/redirects.ts'
import { addressOf, requestOf, responseOf } from '../serve/http/web.ts'
import { answerInside } from '../serve/inside.ts'

/** The fetch of the platform as it was when this file was loaded: this very one may be put in its place. */
const { fetch: webFetch } = globalThis

/**
 * Makes a `fetch` for `new OpenAI({ fetch })` that answers in this process, by the same modes and without a port.
 * A call goes to the address that it names; that of an API itself is where the configuration says that the API is.
 *
 * Redirects are followed, each step as a call of its own.
 *
 * As the global `fetch` it gets all that a program asks for. A host that no API has and `upstreams` does not name is never
 * called: in `replay` such a call is a miss, in `auto` without a fixture, `record` and `live` a 403 that says so. What is
 * no call over HTTP (`data:`, `blob:`) is left to the platform. It never calls itself.
 *
 * @param options what differs from the defaults. No variable counts: `createFetch(readConfig(process.env))` goes by them
 * @throws DeltatapeError `config_invalid`
 */
export function createFetch(options: Options = {}): typeof fetch {
  const inside = answerInside(configOf(options))
  return async (input, init) => {
    if (/^(?:data|blob):/i.test(addressOf(input))) return webFetch(input, init)
    const { request, signal } = await requestOf(input, init)
    const { answered, request: last, redirected } = await reached(request, (each) => inside.ask(each, { signal }))
    // Only what came over a network has an address by itself.
    return Object.defineProperties(responseOf(answered.reply, answered.client), {
      url: { value: last.url.replace(/#.*/s, '') },
      redirected: { value: redirected },
    })
  }
}
