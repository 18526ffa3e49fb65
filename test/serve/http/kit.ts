/** What tests of HTTP need: a client that sends what it is told, and shows what comes as it is on the wire. */
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { type Socket, connect } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { compose, words } from '../../kit/answers.ts'
import type { Answer, Call } from '../../kit/standin.ts'
import { openTestStore, runServer, runStandIn, temporaryFolder } from '../../kit/tools.ts'

/** The answer that most tests get. */
export const good = compose('x').text(words('one two three')).completed()

/** A server that records from a stand-in, or calls it, in a folder of its own. */
export async function runWithStandIn(answer: (call: Call, index: number) => Answer, env: Record<string, string> = {}) {
  const dir = await temporaryFolder()
  const waiting: (() => void)[] = []
  const standIn = await runStandIn((call, index) => {
    for (const wake of waiting.splice(0)) wake()
    return answer(call, index)
  })
  const server = await runServer({
    MODEL_MODE: 'record',
    OPENAI_API_KEY: 'sk-of-the-server',
    OPENAI_BASE_URL: standIn.url,
    FIXTURES_DIR: dir,
    ...env,
  })
  return {
    standIn,
    server,
    dir,
    store: openTestStore(dir),
    /** Resolves when the stand-in was called so many times. */
    async called(times = 1): Promise<void> {
      while (standIn.calls.length < times) await new Promise<void>((resolve) => waiting.push(resolve))
    },
  }
}

/** Posts JSON to `/v1/responses`. */
export const post = (url: string, body: Readonly<Record<string, unknown>>, init: RequestInit = {}) =>
  fetch(`${url}/v1/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4.1-mini', ...body }),
    ...init,
  })

/** Reads a body to its end or its break. */
export async function readAll({ body }: Response): Promise<{ text: string; broken: unknown }> {
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const chunk of body ?? []) text += decoder.decode(chunk, { stream: true })
    return { text, broken: undefined }
  } catch (broken) {
    return { text, broken }
  }
}

/** A response as it was on the wire. */
export interface RawResponse {
  readonly status: number
  /** In pairs, as they were sent. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
}

const pairsOf = ({ rawHeaders }: IncomingMessage) =>
  rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? ''] as const] : []))

export interface RawRequest {
  readonly method?: string
  /** The path and the query. */
  readonly target?: string
  /** In pairs, sent as they are. */
  readonly headers?: readonly (readonly [name: string, value: string])[]
  readonly body?: string | Uint8Array
}

/** Sends a request on a connection of its own; gives the response as soon as its head is there. */
export async function begin(
  url: string,
  { method = 'POST', target = '/v1/responses', headers = [], body }: RawRequest,
): Promise<IncomingMessage> {
  const { hostname, port } = new URL(url)
  const type: RawRequest['headers'] = body === undefined ? [] : [['content-type', 'application/json']]
  const hasType = headers.some(([name]) => name.toLowerCase() === 'content-type')
  const length: RawRequest['headers'] = body === undefined ? [] : [['content-length', String(Buffer.byteLength(body))]]
  const sent = request({
    hostname,
    port,
    method,
    path: target,
    agent: false,
    headers: [['host', new URL(url).host], ...(hasType ? [] : type), ...length, ...headers].flat(),
  })
  const responded = once(sent, 'response')
  sent.end(body)
  const [response] = await responded
  return response
}

/** The whole response to a request. */
export async function ask(url: string, asked: RawRequest): Promise<RawResponse> {
  const response = await begin(url, asked)
  return { status: response.statusCode ?? 0, headers: pairsOf(response), body: await buffer(response) }
}

/** The values of a header, in order. */
export const valuesOf = ({ headers }: Pick<RawResponse, 'headers'>, name: string): string[] =>
  headers.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value)

/** A connection on which a test writes as it likes. */
export function openSocket(url: string): Socket {
  const { hostname, port } = new URL(url)
  return connect(Number(port), hostname)
}
