/** Looks on at calls that go to an API: how long they take, until the first piece, and how many tokens they cost. */
import { STATUS_CODES } from 'node:http'
import { ModelError } from '../../api/ending.ts'
import type { Call } from '../../api/call.ts'
import { isStream } from '../../api/framing/index.ts'
import { homeOf } from '../../api/hosts.ts'
import type { Batch } from '../../api/record.ts'
import { type Tokens, tokensIn } from '../../api/tokens.ts'
import type { Clock } from '../../base/clock.ts'
import { DeltatapeError } from '../../base/errors.ts'
import type { Model } from '../../model/model.ts'
import { type Ear, createHearing } from '../hearing.ts'

/** One call of an API, in the words that OpenTelemetry has for it. */
export interface Called {
  readonly operation: string
  readonly provider: string
  /** Empty if it was answered as it should. */
  readonly error: string
  readonly ms: number
  /** Of an answer that comes in pieces. */
  readonly firstMs: number | undefined
  readonly tokens: Tokens | undefined
}

/** Makes a model that answers as the API does, and tells of each call that a model answers once it is over. */
export function watchCalls(api: Model, clock: Pick<Clock, 'now'>, tell: (called: Called) => void): Model {
  const hearing = createHearing()
  return async (call, signal) => {
    const operation = operationOf(call)
    if (operation === undefined) return api(call, signal)
    const began = clock.now()
    const ear = hearing(call.api)
    let status = 0
    let firstMs: number | undefined
    const conclude = (failure?: unknown): void => {
      const { usage, failure: told } = ear.heard()
      const error = signal.aborted ? 'cancelled' : (errorOf(failure) ?? refusalIn(status) ?? told ?? '')
      const tokens = usage && tokensIn(usage)
      tell({ operation, provider: providerOf(call), error, ms: clock.now() - began, firstMs, tokens })
    }
    try {
      const { head, records } = await api(call, signal)
      status = head.status
      const took = () => {
        if (isStream(head.framing)) firstMs ??= clock.now() - began
      }
      return { head, records: heard(records, ear, took, conclude) }
    } catch (error) {
      // What was not sent is none: it may not go there.
      if (error instanceof ModelError || signal.aborted) conclude(error)
      throw error
    }
  }
}

async function* heard(
  records: Iterable<Batch> | AsyncIterable<Batch>,
  ear: Ear,
  took: () => void,
  conclude: (failure?: unknown) => void,
): AsyncGenerator<Batch, void> {
  let failure: unknown
  try {
    for await (const batch of records) {
      took()
      ear.take(batch)
      yield batch
    }
  } catch (error) {
    failure = error
    throw error
  } finally {
    conclude(failure)
  }
}

/** What is asked, by how its path ends; the first that fits counts. What no model answers is not looked at. */
const OPERATIONS: readonly (readonly [RegExp, string])[] = [
  [/\/embed(?:ding)?s?$|:(?:batch)?embedcontents?$/i, 'embeddings'],
  [/:(?:stream)?generatecontent$/i, 'generate_content'],
  [/\/(?:responses|chat\/completions|messages|chat|converse|converse-stream|interactions)$/, 'chat'],
  [/:(?:stream)?rawpredict$|\/invoke(?:-with-response-stream)?$/i, 'chat'],
  [/\/(?:completions|complete|generate)$/, 'text_completion'],
]

/** The rows that mean no model. */
const NO_MODEL: ReadonlySet<string> = new Set(['any', 'mcp'])

const operationOf = ({ method, path, api }: Call): string | undefined =>
  method === 'POST' && !NO_MODEL.has(api.name) ? OPERATIONS.find(([ends]) => ends.test(path))?.[1] : undefined

/** The services as OpenTelemetry names them; the others by their own names. */
const PROVIDERS: Readonly<Record<string, string>> = {
  Gemini: 'gcp.gemini',
  'Vertex AI': 'gcp.vertex_ai',
  Bedrock: 'aws.bedrock',
  'Azure OpenAI': 'azure.ai.openai',
  Mistral: 'mistral_ai',
  xAI: 'x_ai',
}

/** Who answers, from the table of services alone: a host that a client names is not told. */
function providerOf({ api, path, headers, to }: Call): string {
  const service = to ? to.service : homeOf({ row: api.name, path, headers })
  if (service === undefined) return '_OTHER'
  return PROVIDERS[service.name] ?? service.name.toLowerCase().replaceAll(' ', '_')
}

const errorOf = (failure: unknown): string | undefined => {
  if (failure === undefined) return undefined
  return failure instanceof DeltatapeError ? failure.code : 'internal'
}

/** The status of a refusal, if it is one that HTTP knows. */
const refusalIn = (status: number): string | undefined => {
  if (status < 400) return undefined
  return STATUS_CODES[status] === undefined ? '_OTHER' : String(status)
}
