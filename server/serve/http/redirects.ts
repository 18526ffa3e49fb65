/** Redirects, as a fetch follows them (Fetch standard, "HTTP-redirect fetch"). */
import { headerOf } from '../../api/headers.ts'
import { type Reply, readToTheEnd } from './reply.ts'
import type { Client } from './web.ts'

/** The parts of the web as they were when this file was loaded: a test may replace them. */
const { Request: WebRequest, Headers: WebHeaders } = globalThis

/** The statuses that lead elsewhere, if a `location` says where. */
const LEADING: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** How many redirects may follow each other. */
const MAX_REDIRECTS = 20

/** Headers that say what a body is: they go with it. */
const OF_THE_BODY = ['content-encoding', 'content-language', 'content-location', 'content-type']

/** Headers that are for one origin alone. */
const OF_THE_ORIGIN = ['authorization', 'proxy-authorization', 'cookie', 'host']

interface Answered {
  readonly reply: Reply
  readonly client: Client
  /** The body of the request, which can be read once. */
  readonly sent: Uint8Array<ArrayBuffer>
}

/** An answer to a request, and the request that it answers: the last one of those that redirects led to. */
interface Reached<Answer> {
  readonly answered: Answer
  readonly request: Request
  readonly redirected: boolean
}

/**
 * Asks, and asks again where an answer leads elsewhere, as the request says: `follow`, `error` or `manual`.
 *
 * @throws TypeError for a redirect that may not be, or leads nowhere
 */
export async function reached<Answer extends Answered>(
  first: Request,
  ask: (request: Request) => Promise<Answer>,
): Promise<Reached<Answer>> {
  let request = first
  for (let times = 0; ; times++) {
    const answered = await ask(request)
    const location = headerOf(answered.reply.headers, 'location')
    const leads = LEADING.has(answered.reply.status) && first.redirect !== 'manual'
    if (!leads || (location === undefined && first.redirect !== 'error')) {
      return { answered, request, redirected: times > 0 }
    }
    const { body } = answered.reply
    if (typeof body === 'object' && !('byteLength' in body)) await readToTheEnd(body)
    answered.client.end()
    if (first.redirect === 'error') throw new TypeError('fetch failed', { cause: new Error('unexpected redirect') })
    if (times === MAX_REDIRECTS) throw new TypeError('fetch failed', { cause: new Error('redirect count exceeded') })
    request = ledTo(location ?? '', request, answered)
  }
}

/** The request to another address. A question that is seen elsewhere by `GET` goes without its body; a credential stays where it was meant for. */
function ledTo(location: string, request: Request, { reply: { status }, sent }: Answered): Request {
  const from = new URL(request.url)
  const to = URL.canParse(location, from.href) ? new URL(location, from.href) : undefined
  if (to === undefined || !/^https?:$/.test(to.protocol)) {
    throw new TypeError('fetch failed', { cause: new Error(`the redirect leads to no address: ${location}`) })
  }
  const { method } = request
  const bare = method === 'GET' || method === 'HEAD'
  const asGet = status === 303 ? !bare : status < 303 && method === 'POST'
  const headers = new WebHeaders(request.headers)
  if (asGet) for (const name of OF_THE_BODY) headers.delete(name)
  if (to.origin !== from.origin) for (const name of OF_THE_ORIGIN) headers.delete(name)
  return new WebRequest(to, {
    method: asGet ? 'GET' : method,
    headers,
    body: asGet || bare ? null : sent,
    redirect: request.redirect,
  })
}
