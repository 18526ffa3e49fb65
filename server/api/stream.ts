/** Follows an answer that streams events: what is the same for all APIs but what each event means. */
import { isObject } from '../base/json.ts'
import type { Follower, Progress } from './api.ts'
import { begun, endOfBody, excerpt } from './body.ts'
import type { ModelEvent } from './event.ts'

/** Looks at the events of one answer, as one API means them. */
export interface Watch {
  /** What the next event says: that the answer goes on, has failed, or is over. */
  event(event: ModelEvent): Progress
  /** Whether data that is no event is the API's own word for the end. */
  isEnd(data: string): boolean
  /** Whether the answer is whole if nothing more comes. */
  isWhole(): boolean
}

/** `[DONE]`, the word for the end that most APIs took from OpenAI's. */
export const isDone = (data: string): boolean => data.trim() === '[DONE]'

/** The only events are in event streams: what has none is one body of JSON. */
export function followStream(watch: Watch): Follower {
  let progress: Progress = 'open'
  let hasEnd = false
  let malformed: string | undefined
  /** What came before the first event: of an answer in one piece, all of it. */
  let body: string[] | undefined = []
  return {
    take({ event, data, wire }) {
      if (event) {
        body = undefined
        const next = watch.event(event)
        if (progress !== 'settling') progress = next
      } else if (data !== undefined) {
        body = undefined
        if (watch.isEnd(data)) {
          hasEnd = true
          progress = 'settling'
        } else if (progress === 'open') malformed ??= data
      } else if (typeof wire === 'string') body = begun(body, wire)
      return progress
    },
    end() {
      if (malformed !== undefined) return { end: 'malformed', why: excerpt(malformed) }
      if (body) return endOfBody(body.join(''), (value) => isObject(value) || Array.isArray(value))
      // A failure that the API told of ends its answer as well as an end does.
      return hasEnd || progress !== 'open' || watch.isWhole() ? { end: 'complete' } : { end: 'truncated' }
    },
  }
}
