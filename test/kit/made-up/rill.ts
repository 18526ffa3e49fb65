/** An API that nobody has: it is asked questions, and answers in sequences of JSON texts. */
import { any } from '../../../server/api/any.ts'
import type { Api, Trouble } from '../../../server/api/api.ts'
import { eventsOrBody } from '../../../server/api/body.ts'
import { type ModelEvent, parseEvent } from '../../../server/api/event.ts'
import type { TellsOf } from '../../../server/api/failure.ts'
import { followBy } from '../../../server/api/follow.ts'
import { textIn } from '../../../server/api/request.ts'
import { tellBy } from '../../../server/api/told.ts'

const failureOf = ({ body }: ModelEvent): TellsOf | undefined =>
  typeof body.trouble === 'string' ? { code: 'upstream_error', message: `Rill gave up: ${body.trouble}` } : undefined

const bodyOf = ({ message }: Trouble) => ({ trouble: message })

export const rill: Api = {
  ...any,
  name: 'rill',
  owns: ({ method, path }) => method === 'POST' && path === '/rill/ask',
  lastUserText: ({ question }) => textIn(question),
  follow: followBy({
    look: () => (event) => (failureOf(event) ? 'failed' : event.body.last === true ? 'whole' : undefined),
  }),
  events: eventsOrBody,
  isFinished: (_call, events) => !events.some(failureOf),
  failureOf,
  told: tellBy(({ at, body }, teller) => teller.text(at, body.drop)),
  streamType: (_call, { flowing }) => (flowing === true ? 'application/json-seq' : undefined),
  missStatus: 422,
  refused: (trouble) => ({ headers: [['x-rill-trouble', trouble.code]], body: bodyOf(trouble) }),
  failing(trouble) {
    const text = JSON.stringify(bodyOf(trouble))
    return [{ at: 0, wire: `\u001E${text}\n`, event: parseEvent(text, 0) }]
  },
}
