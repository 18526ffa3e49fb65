/** The three ways in which an SDK gets an answer: from the API, through a recorder, and from a replay without the API. */
import { startStandIn, type Call } from '../kit/standin.ts'
import { runServer, temporaryFolder } from '../kit/tools.ts'
import type { Client } from './clients/client.ts'
import type { Endpoint } from './wires/rest.ts'
import { type Wire, answerOf } from './wires/wire.ts'

/** What can be called, with how it is let go. */
export interface Upstream {
  /** Scheme, host and port. */
  readonly origin: string
  close(): Promise<void>
}

/** How a call names its API: by its path alone, or by the host in front. */
export type Route = 'by path' | 'by host'

/** The settings that lead to an upstream: where each API is, or that the host may be called. */
export const leadingTo = (route: Route, origin: string): Record<string, string> =>
  route === 'by host'
    ? { UPSTREAMS: new URL(origin).host }
    : {
        OPENAI_BASE_URL: `${origin}/v1`,
        ANTHROPIC_BASE_URL: origin,
        GOOGLE_GEMINI_BASE_URL: origin,
        OLLAMA_HOST: origin,
        CO_API_URL: origin,
        GROQ_BASE_URL: origin,
        AZURE_OPENAI_ENDPOINT: origin,
        AWS_ENDPOINT_URL_BEDROCK_RUNTIME: origin,
      }

/** Whom a client talks to: the API, a recorder before it, or a replay. */
export type Way = 'direct' | 'recorded' | 'replayed'

/** What each SDK has before its paths, at a server of ours. */
export const before = (route: Route, url: string, origin: string): string =>
  route === 'by path' ? url : `${url}/${new URL(origin).host}`

/**
 * Lets a client talk to an upstream, to a recorder in front of it, and, when the upstream is gone, to a replay.
 *
 * @param talk gets the address without a slash at its end
 */
export async function inThreeWays<T>(
  upstream: Upstream,
  route: Route,
  talk: (base: string, way: Way) => Promise<T>,
  env: Record<string, string> = {},
): Promise<{ direct: T; recorded: T; replayed: T }> {
  const { origin } = upstream
  const settings = { FIXTURES_DIR: await temporaryFolder(), ...leadingTo(route, origin), ...env }
  const recorder = await runServer({ ...settings, MODEL_MODE: 'record' })
  const direct = await talk(origin, 'direct')
  const recorded = await talk(before(route, recorder.url, origin), 'recorded')
  await recorder.close()
  await upstream.close()
  const player = await runServer(settings)
  return { direct, recorded, replayed: await talk(before(route, player.url, origin), 'replayed') }
}

/** An API on loopback. What is no path of its own is not found there. */
export async function runApi(
  ...endpoints: readonly Endpoint[]
): Promise<Upstream & { readonly calls: readonly Call[] }> {
  const standIn = await startStandIn((call) => {
    const endpoint = endpoints.find(({ path }) => path.test(call.path.replace(/\?.*/, '')))
    return endpoint?.answer(call) ?? { status: 404, body: '{"error":"no such path"}' }
  })
  const { origin } = new URL(standIn.url)
  return { origin, calls: standIn.calls, close: () => standIn.close() }
}

/** The endpoint at which an API speaks its wire. */
export const endpointOf = (wire: Wire): Endpoint => ({ path: wire.path, answer: (call) => answerOf(wire, call) })

export const runWire = (wire: Wire) => runApi(endpointOf(wire))

/** The routes that an SDK can take, the shorter one first. */
export const routesOf = ({ byPath }: Client): readonly [Route, ...Route[]] =>
  byPath ? ['by path', 'by host'] : ['by host']
