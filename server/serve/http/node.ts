/** Answers for node:http. */
import type { Http2Bindings, HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Writable } from 'node:stream'
import { systemCode } from '../../base/errors.ts'
import { createDrain } from '../drain.ts'
import { guarded } from './app.ts'
import type { Body } from './exchange.ts'

/** Answers, and writes what is streamed itself: a web stream in between costs more than all else. */
export const listener =
  (answer: ReturnType<typeof guarded>) =>
  async (request: Request, { outgoing }: HttpBindings | Http2Bindings): Promise<Response> => {
    let body: Body | undefined
    const response = await answer(request, { takeBody: (taken) => void (body = taken) })
    if (!body) return response
    await send(response, body, outgoing)
    return RESPONSE_ALREADY_SENT
  }

/** The response of `node:http`: what is needed of it. */
interface Outgoing extends Writable {
  readonly headersSent: boolean
  writeHead(status: number, headers: Record<string, string>): unknown
}

async function send({ status, headers }: Response, body: Body, outgoing: Outgoing): Promise<void> {
  if (body instanceof Uint8Array) {
    outgoing.writeHead(status, { ...Object.fromEntries(headers), 'content-length': String(body.byteLength) })
    outgoing.end(body)
    return
  }
  const drained = createDrain(outgoing)
  try {
    for await (const chunk of body) {
      // Whoever has left is not written to, but the model may still have something to save.
      if (outgoing.destroyed) continue
      if (!outgoing.headersSent) outgoing.writeHead(status, Object.fromEntries(headers))
      if (!outgoing.write(chunk)) await drained()
    }
    outgoing.end()
  } catch (error) {
    if (systemCode(error) !== 'ECONNRESET') throw error
    // What was written is on its way first.
    if (outgoing.headersSent) await new Promise((resolve) => outgoing.write('', resolve))
    outgoing.destroy()
  }
}
