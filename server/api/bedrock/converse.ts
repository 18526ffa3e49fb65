/** What Converse says: the same words for all models. Nova says them within Invoke, too. */
import type { JsonObject } from '../../base/json.ts'
import type { ModelEvent } from '../event.ts'
import { type Teller, objectOf, objectsIn } from '../told.ts'

/** What an event of this name says; within Invoke the name is that of a member. Empty if the event has another name. */
const saidBy = ({ type, body }: ModelEvent, name: string): JsonObject => (type === name ? body : objectOf(body[name]))

/** The last event of each stream: the tokens come after the reason. */
export const isLast = ({ type, body }: ModelEvent): boolean =>
  type === 'metadata' || objectOf(body.metadata).usage !== undefined

/** Gathers what an event of a stream says, or an answer in one piece. */
export function tellEvent(event: ModelEvent, teller: Teller): void {
  const { at, body } = event
  const begun = saidBy(event, 'contentBlockStart')
  const tool = objectOf(objectOf(begun.start).toolUse)
  if (tool.name !== undefined) teller.call(begun.contentBlockIndex ?? 0, tool.name, undefined)
  const more = saidBy(event, 'contentBlockDelta')
  const { text, toolUse, reasoningContent } = objectOf(more.delta)
  teller.thought(at, objectOf(reasoningContent).text)
  teller.text(at, text)
  if (toolUse !== undefined) teller.call(more.contentBlockIndex ?? 0, undefined, objectOf(toolUse).input)
  teller.reason(saidBy(event, 'messageStop').stopReason)
  teller.usage(saidBy(event, 'metadata').usage)

  for (const [index, part] of objectsIn(objectOf(objectOf(body.output).message).content).entries()) {
    teller.thought(at, objectOf(objectOf(part.reasoningContent).reasoningText).text)
    teller.text(at, part.text)
    const { name, input } = objectOf(part.toolUse)
    if (name !== undefined) teller.call(index, name, input)
  }
  teller.reason(body.stopReason)
  teller.usage(body.usage)
}
