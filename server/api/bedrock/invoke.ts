/** What Invoke carries: the answer of the model's own API, piece by piece, and what Bedrock adds to the last one. */
import type { Api } from '../api.ts'
import type { ModelEvent } from '../event.ts'
import { type Teller, objectOf, objectsIn } from '../told.ts'

/** What is asked of an API whose answers are carried. */
export type Carried = Pick<Api, 'follow' | 'failureOf' | 'told'>

/** Whether an event is one of the model's own API. */
export const isCarried = ({ name }: ModelEvent): boolean => name === 'chunk'

/** What Bedrock says of a call, in the last chunk of each stream. */
const METRICS = 'amazon-bedrock-invocationMetrics'

export const isLast = ({ body }: ModelEvent): boolean => body[METRICS] !== undefined

/** The tokens as Bedrock counted them, where the model does not say. */
export function tokensIn(events: readonly ModelEvent[]) {
  const { inputTokenCount, outputTokenCount } = objectOf(events.findLast(isLast)?.body[METRICS])
  return inputTokenCount === undefined || outputTokenCount === undefined
    ? undefined
    : { inputTokenCount, outputTokenCount }
}

/** Where models say what they say that have no other API: Titan, Llama, Claude before Messages, Command. */
const completionsIn = ({ body }: ModelEvent) => [
  body,
  ...objectsIn(body.results),
  ...objectsIn(body.outputs),
  ...objectsIn(body.generations),
]

const reasonOf = (event: ModelEvent) =>
  completionsIn(event)
    .map((said) => said.completionReason ?? said.stop_reason ?? said.finish_reason)
    .find((reason) => typeof reason === 'string')

/** Whether a completion says why it ended. */
export const isFinished = (event: ModelEvent): boolean => reasonOf(event) !== undefined

/** Gathers what a completion says. */
export function tellCompletion(event: ModelEvent, teller: Teller): void {
  for (const said of completionsIn(event)) {
    teller.text(event.at, said.outputText ?? said.generation ?? said.completion ?? said.text)
  }
  teller.reason(reasonOf(event))
}
