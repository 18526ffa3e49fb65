/** What an answer of Bedrock means: by Converse's own words, or by those of the API that it carries. */
import type { ModelEvent } from '../event.ts'
import { type TellsOf, failureIn, tell } from '../failure.ts'
import type { Said } from '../follow.ts'
import { NOTHING_TOLD, type Told, tellBy } from '../told.ts'
import * as converse from './converse.ts'
import { type Carried, isCarried, isFinished, isLast, tellCompletion, tokensIn } from './invoke.ts'

export interface Meaning {
  failureOf(event: ModelEvent): TellsOf | undefined
  /** Looks at the events of one answer, in order. */
  look(): (event: ModelEvent) => Said
  /** As the first of the APIs tells it that finds something in it. */
  told(events: readonly ModelEvent[]): Told
}

/** @param carried the APIs whose answers may be carried */
export function meaningWith(carried: readonly Carried[]): Meaning {
  const tellers = [tellBy(converse.tellEvent), ...carried.map((api) => api.told), tellBy(tellCompletion)]

  const failureOf = (event: ModelEvent): TellsOf | undefined =>
    event.isException
      ? exceptionIn(event)
      : (carried.map((api) => api.failureOf(event)).find((failure) => failure !== undefined) ?? failureIn(event))

  return {
    failureOf,
    look() {
      const followers = carried.map((api) => api.follow())
      return (event) => {
        if (failureOf(event)) return 'failed'
        if (isLast(event) || converse.isLast(event)) return 'whole'
        if (!isCarried(event)) return undefined
        const progress = followers.map((each) => each.take({ at: event.at, wire: event.text, event }))
        if (progress.includes('settling')) return 'whole'
        return isFinished(event) || followers.some((each) => each.end().end === 'complete') ? 'enough' : undefined
      }
    },
    told(events) {
      const all = tellers.map((each) => each(events))
      const best =
        all.find(({ pieces, thoughts = [], output }) => pieces.length + thoughts.length + output.length > 0) ??
        all.find(({ status }) => status !== undefined) ??
        NOTHING_TOLD
      return { ...best, usage: best.usage ?? tokensIn(events) }
    },
  }
}

function exceptionIn({ name = '', body }: ModelEvent): TellsOf {
  const error = { code: name, message: body.message ?? body.Message ?? '' }
  return { code: 'upstream_error', message: tell('The API sent an error', error) }
}
