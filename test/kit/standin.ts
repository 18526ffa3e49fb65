/**
 * A stand-in for the API: a real HTTP server that speaks the Responses protocol and does what a script says, well or
 * badly. It can break a connection where a mocked fetch cannot: after the headers.
 */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** What a stream does next. Waits are ms. */
export type Step =
  | { readonly event: Readonly<Record<string, unknown>>; readonly after?: number }
  /** Bytes as they are. */
  | { readonly raw: string | Uint8Array; readonly after?: number }
  | { readonly wait: number }
  /** Waits for the test. */
  | { readonly until: Promise<unknown> }
  /** Breaks the connection. */
  | 'reset'
  /** Sends nothing more, and keeps the connection open until the client lets go. */
  | 'hang'

export interface Answer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** The whole body; where it is missing, the steps make a stream. */
  readonly body?: string
  readonly steps?: readonly Step[]
  /** What happens instead of an answer: the connection breaks, or nothing comes. */
  readonly instead?: 'reset' | 'hang'
}

/** What the stand-in was asked. */
export interface Call {
  readonly body: Record<string, unknown>
  readonly headers: IncomingHttpHeaders
  readonly path: string
  /** Resolves when the connection of this call has ended, on whichever side; says whether the answer was whole by then. */
  readonly closed: Promise<{ readonly whole: boolean }>
}

export interface StandIn {
  /** What OPENAI_BASE_URL is set to. */
  readonly url: string
  readonly calls: readonly Call[]
  close(): Promise<void>
}

export async function startStandIn(answer: (call: Call, index: number) => Answer): Promise<StandIn> {
  const calls: Call[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const closed = new Promise<{ whole: boolean }>((resolve) =>
      response.on('close', () => resolve({ whole: response.writableFinished })),
    )
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString() || '{}')
    const call: Call = {
      body: typeof body === 'object' && body !== null ? { ...body } : {},
      headers: request.headers,
      path: request.url ?? '',
      closed,
    }
    calls.push(call)
    await play(answer(call, calls.length - 1), response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}/v1`,
    calls,
    async close() {
      const done = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await done
    },
  }
}

async function play(
  { status = 200, headers, body, steps = [], instead }: Answer,
  response: ServerResponse,
): Promise<void> {
  if (instead === 'reset') response.destroy()
  if (instead) return
  if (body !== undefined) {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
    return
  }
  response.writeHead(status, { 'content-type': 'text/event-stream; charset=utf-8', ...headers })
  response.flushHeaders()
  for (const step of steps) {
    if (response.destroyed) return
    if (step === 'hang') return
    if (step === 'reset') {
      await flushed(response)
      response.socket?.resetAndDestroy()
      return
    }
    if ('until' in step) {
      await step.until
    } else if ('wait' in step) {
      await sleep(step.wait)
    } else {
      if (step.after) await sleep(step.after)
      response.write('raw' in step ? step.raw : sse(step.event))
    }
  }
  response.end()
}

/** What was written is on its way before the connection breaks. */
const flushed = (response: ServerResponse) => new Promise((resolve) => response.write('', resolve))

/** An event as the API sends it. */
export const sse = (event: Readonly<Record<string, unknown>>): string =>
  `event: ${String(event.type)}\ndata: ${JSON.stringify(event)}\n\n`
