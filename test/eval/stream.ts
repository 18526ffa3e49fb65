/**
 * promptfoo's `streamResponse` for `/ws-stream` and `/ws`: the message becomes the output, an error frame an error, and
 * what only a stream can tell becomes metadata that assertions can use.
 */
import { z } from 'zod'

const frameSchema = z.looseObject({
  type: z.enum(['delta', 'message', 'error']),
  message: z.string(),
  code: z.string().optional(),
  status: z.unknown().optional(),
  reason: z.string().optional(),
  response_id: z.string().optional(),
  output: z.array(z.unknown()).optional(),
  usage: z.object({ input_tokens: z.number(), output_tokens: z.number(), total_tokens: z.number() }).nullish(),
})

/** What promptfoo keeps of an answer: a part of its ProviderResponse. */
interface Answer {
  readonly output?: string
  readonly error?: string
  readonly tokenUsage?: { readonly prompt: number; readonly completion: number; readonly total: number }
  readonly metadata?: Metadata
}

interface Metadata {
  /** How many deltas came before the message. */
  readonly deltas: number
  /** From the start of the test to the first delta, in ms; unknown without the hooks of this folder. */
  readonly firstDeltaMs?: number | undefined
  /** The deltas in one. */
  readonly joined: string
  readonly joinedEqualsMessage?: boolean
  /** The code of an error. */
  readonly code?: string | undefined
  /** The status of the answer, or the HTTP status of a refused request. */
  readonly status?: unknown
  readonly reason?: string | undefined
  readonly responseId?: string | undefined
}

/** What promptfoo tells of the test: the error that it is to end in, and what the hooks of this folder add. */
interface Context {
  readonly test?: { readonly metadata?: { readonly expectError?: unknown; readonly startedAt?: unknown } }
}

/**
 * Takes one frame.
 *
 * @returns what is known of the answer, and whether it is all
 */
export function onFrame(soFar: Answer, event: { readonly data: unknown }, context: Context = {}): [Answer, boolean] {
  const frame = frameSchema.parse(JSON.parse(String(event.data)))
  // Before the first frame promptfoo hands in an error of its own, which must not be carried on.
  const { deltas, firstDeltaMs, joined } = soFar.metadata ?? { deltas: 0, joined: '' }
  switch (frame.type) {
    case 'delta': {
      const text = joined + frame.message
      return [
        {
          output: text,
          metadata: { deltas: deltas + 1, firstDeltaMs: firstDeltaMs ?? sinceStart(context), joined: text },
        },
        false,
      ]
    }
    case 'message': {
      const metadata = {
        deltas,
        firstDeltaMs,
        joined,
        joinedEqualsMessage: joined === frame.message,
        status: frame.status,
        reason: frame.reason,
        responseId: frame.response_id,
      }
      const { input_tokens: prompt, output_tokens: completion, total_tokens: total } = frame.usage ?? {}
      const counted = prompt !== undefined && completion !== undefined && total !== undefined
      return [
        {
          output: frame.output ? JSON.stringify(frame.output) : frame.message,
          ...(counted ? { tokenUsage: { prompt, completion, total } } : {}),
          metadata,
        },
        true,
      ]
    }
    case 'error': {
      const metadata = { deltas, firstDeltaMs, joined, code: frame.code, status: frame.status }
      // An error that the test expects is its output, so that assertions can look at it.
      const expected = frame.code !== undefined && context.test?.metadata?.expectError === frame.code
      return [
        expected ? { output: frame.message, metadata } : { error: `${frame.code}: ${frame.message}`, metadata },
        true,
      ]
    }
  }
}

function sinceStart({ test }: Context): number | undefined {
  const startedAt = test?.metadata?.startedAt
  return typeof startedAt === 'number' ? Math.round(performance.now() - startedAt) : undefined
}
