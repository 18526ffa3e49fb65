/** Calls as programs of the web make them: a `Request` becomes what is asked, and a reply becomes a `Response`. */
import { STATUS_CODES } from 'node:http'
import { type Chunks, type Reply, readToTheEnd } from './reply.ts'

/** The parts of the web as they were when this file was loaded: a test may replace them. */
const { Request: WebRequest, Response: WebResponse, ReadableStream: WebStream, DOMException: WebError } = globalThis

/** What is used of a signal. One of another realm is no `AbortSignal` here, and an old one has no reason. */
export type Signal = Pick<AbortSignal, 'aborted' | 'addEventListener'> &
  Partial<Pick<AbortSignal, 'removeEventListener'>> & { readonly reason?: unknown }

/** The client of one call: whoever holds the signal, or the body. */
export interface Client {
  readonly left: boolean
  /** What a fetch rejects with that was aborted. */
  reason(): unknown
  /** Calls `act` when the client leaves, or at once if it has. */
  onLeave(act: () => void): void
  /** It has let go of the body. */
  leave(): void
  /** It has all that there is: its signal, which may serve many calls, is let go of. */
  end(): void
}

/** @param over called when there is nothing left to do for the client */
export function followed(signal: Signal | null | undefined, over: () => void): Client {
  const acts: (() => void)[] = []
  let left = signal?.aborted ?? false
  const leave = () => {
    left = true
    for (const act of acts.splice(0)) act()
  }
  signal?.addEventListener('abort', leave, { once: true })
  return {
    get left() {
      return left
    },
    reason: () => signal?.reason ?? new WebError('This operation was aborted', 'AbortError'),
    onLeave: (act) => (left ? act() : void acts.push(act)),
    leave,
    end() {
      signal?.removeEventListener?.('abort', leave)
      over()
    },
  }
}

export type Input = Parameters<typeof fetch>[0]

export const addressOf = (input: Input): string =>
  (typeof input === 'object' && 'url' in input ? input.url : String(input)).trimStart()

/** Whether an input is a request of another realm, or of another package: its class is not the one that is known here. */
const isForeign = (input: Input): input is Request =>
  typeof input === 'object' && !(input instanceof WebRequest) && 'url' in input && 'arrayBuffer' in input

/** The request that is asked for, without its signal, which may be of a class that a `Request` does not take. */
export async function requestOf(
  input: Input,
  given?: RequestInit,
): Promise<{ readonly request: Request; readonly signal: Signal | null | undefined }> {
  const { signal, ...init } = given ?? {}
  const its = typeof input === 'object' && 'signal' in input ? input.signal : undefined
  const followedBy = signal === undefined ? its : signal
  if (!isForeign(input)) return { request: new WebRequest(input, init), signal: followedBy }
  const { method, url, headers, redirect } = input
  const body = method === 'GET' || method === 'HEAD' ? null : new Uint8Array(await input.arrayBuffer())
  return {
    request: new WebRequest(url, { method, headers: [...headers], body, redirect, ...init }),
    signal: followedBy,
  }
}

/** Statuses whose responses have no body (Fetch standard, "null body status"). */
const BODILESS = new Set([204, 205, 304])

/** The largest status that a `Response` can be made with. Gateways have larger ones. */
const MAX_STATUS = 599

export function responseOf({ status, headers, body }: Reply, client: Client): Response {
  if (body === 'broken') {
    client.end()
    throw client.left ? client.reason() : brokenConnection()
  }
  const isWhole = 'byteLength' in body
  try {
    if (client.left) throw client.reason()
    const init = {
      status: Math.min(status, MAX_STATUS),
      // As a server says it: some SDKs make their message of it.
      statusText: STATUS_CODES[status] ?? '',
      headers: headers.map(([name, value]): [string, string] => [name, value]),
    }
    const bodiless = BODILESS.has(status)
    const response = new WebResponse(bodiless ? null : isWhole ? body : streamOf(body, client), init)
    // A response can be given by a network alone whose status is none that HTTP knows.
    if (status > MAX_STATUS) Object.defineProperty(response, 'status', { value: status })
    if (isWhole) client.end()
    else if (bodiless) void readToTheEnd(body).then(client.end)
    return response
  } catch (error) {
    // The client left, or no response takes such a head.
    if (!isWhole) void readToTheEnd(body)
    client.end()
    throw error
  }
}

/** What a fetch reports of a connection that broke. */
const brokenConnection = () =>
  new TypeError('terminated', { cause: Object.assign(new Error('The connection broke.'), { code: 'ECONNRESET' }) })

function streamOf(chunks: Chunks, client: Client): ReadableStream<Uint8Array> {
  return new WebStream<Uint8Array>(
    {
      // Called when the chunk before has been taken: an error cannot overtake it.
      async pull(controller) {
        try {
          const { done, value } = await chunks.next()
          if (client.left) {
            controller.error(client.reason())
            await readToTheEnd(chunks)
          } else if (done) controller.close()
          // A copy: what is replayed again belongs to nobody who reads it.
          else return controller.enqueue(new Uint8Array(value))
        } catch {
          controller.error(client.left ? client.reason() : brokenConnection())
        }
        client.end()
      },
      async cancel() {
        client.leave()
        client.end()
        await readToTheEnd(chunks)
      },
    },
    { highWaterMark: 0 },
  )
}
