/** Calls and answers as values, without a server or a test around them. */
import type { Head } from '../../server/api/api.ts'
import type { Call } from '../../server/api/call.ts'
import type { ModelEvent } from '../../server/api/event.ts'
import { parseSseRecord } from '../../server/api/framing/sse.ts'
import { apiOf } from '../../server/api/index.ts'
import { type AnswerRecord, eventsIn } from '../../server/api/record.ts'

/** A call as a client of the Responses API makes it; without `"stream":false` it asks for a stream. */
export function callOf(body: Readonly<Record<string, unknown>>, more: Partial<Call> = {}): Call {
  const content = Buffer.from(JSON.stringify({ stream: true, ...body }))
  const [method, path] = [more.method ?? 'POST', more.path ?? '/v1/responses']
  return {
    api: apiOf({ method, path }),
    method,
    path,
    query: '',
    headers: [['content-type', 'application/json']],
    body: content,
    content,
    ...more,
  }
}

/** Records of server-sent events from objects, each `gap` ms after the last. */
export const toRecords = (objects: readonly Readonly<Record<string, unknown>>[], gap = 10): AnswerRecord[] =>
  objects.map((object, index) => {
    const name = typeof object.type === 'string' ? `event: ${object.type}\n` : ''
    return parseSseRecord(`${name}data: ${JSON.stringify(object)}\n\n`, index * gap)
  })

/** The same as events. */
export const toEvents = (objects: readonly Readonly<Record<string, unknown>>[], gap = 10): ModelEvent[] =>
  eventsIn(toRecords(objects, gap))

/** The head of an answer that streams. */
export const STREAM: Head = {
  status: 200,
  headers: [['content-type', 'text/event-stream; charset=utf-8']],
  framing: 'sse',
}
