/** What a fixture holds, in short. Pure. */
import { failureOf, readAnswer } from './answer.ts'
import type { Fixture } from './fixture.ts'
import { isObject, type JsonObject } from './json.ts'
import { ModelError, isTerminal, type ModelEvent } from './model/model.ts'

/** How an answer can have ended: by its terminal event, or without one. */
export const ENDINGS = [
  'completed',
  'incomplete',
  'failed',
  'error',
  'refused',
  'unreachable',
  'truncated',
  'reset',
  'stalled',
  'malformed',
] as const
export type EndingWord = (typeof ENDINGS)[number]

/** A fixture in short. Times are in ms since the request was sent. */
export interface Summary {
  readonly key: string
  /** The model that was asked; empty where the request names none. */
  readonly model: string
  readonly ending: EndingWord
  /** How it ended in a sentence, where there is more to say than the word. */
  readonly why: string | undefined
  /** How many events it has. */
  readonly events: number
  /** The text of the answer, as chat clients get it. */
  readonly answer: string
  /** What else was put out: the type of each output item, and of function calls the name and arguments. */
  readonly output: readonly JsonObject[]
  /** When the first text of the answer came; undefined where it has none. */
  readonly firstDeltaMs: number | undefined
  /** When the answer ended. */
  readonly durationMs: number
  /** As the API counted. */
  readonly usage: JsonObject | undefined
  /** When it was recorded, in ISO 8601. */
  readonly recordedAt: string
  /** The host that answered, or what stood in for it. */
  readonly upstream: string
}

/** Tells what a fixture holds. */
export function summarize({ key, request, recorded, events, ending, endedAt }: Fixture): Summary {
  const reader = readAnswer()
  let firstDeltaMs: number | undefined
  let usage: JsonObject | undefined
  for (const event of events) {
    if (reader.read(event).some((piece) => piece !== '')) firstDeltaMs ??= event.at
    const { response } = event.body
    if (isObject(response) && isObject(response.usage)) usage = response.usage
  }
  const end = events.find(isTerminal)
  return {
    key,
    model: typeof request.model === 'string' ? request.model : '',
    ending: ending.end === 'complete' ? (BY_EVENT[end?.type ?? ''] ?? 'truncated') : ending.end,
    why: ending.end === 'complete' ? reasonOf(end) : new ModelError(ending).message,
    events: events.length,
    answer: reader.text,
    output: reader.output,
    firstDeltaMs,
    durationMs: endedAt,
    usage,
    recordedAt: recorded.at,
    upstream: recorded.upstream,
  }
}

const BY_EVENT: Readonly<Record<string, EndingWord>> = {
  'response.completed': 'completed',
  'response.incomplete': 'incomplete',
  'response.failed': 'failed',
  error: 'error',
}

function reasonOf(end: ModelEvent | undefined): string | undefined {
  if (!end) return undefined
  const { response } = end.body
  const details = isObject(response) ? response.incomplete_details : undefined
  if (isObject(details) && typeof details.reason === 'string') return `The answer was cut short: ${details.reason}.`
  return failureOf(end)?.message
}
