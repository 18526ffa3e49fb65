/** Follows a stream whose own records say when it is whole. */
import { isObject, type JsonValue } from '../base/json.ts'
import type { Follower, Progress, Question } from './api.ts'
import { endOfBody, excerpt, saysNothing } from './body.ts'
import type { ModelEvent } from './event.ts'
import type { AnswerRecord } from './record.ts'

/**
 * What an event says of the answer: `whole` if nothing that matters follows, `last` if it is whole unless another event
 * follows, `enough` if it is whole as soon as its body ends cleanly, `failed` if the API gives up; undefined if it goes on.
 */
export type Said = 'whole' | 'last' | 'enough' | 'failed' | undefined

/** What a row says of the end of its streams. */
export interface Ends {
  /** Looks at the events of one answer, in order; with its question, if that is known. */
  look(question?: Question): (event: ModelEvent) => Said
  /** What data that is no JSON object says, if anything; what is not named is malformed. */
  readonly data?: Readonly<Record<string, Said>>
  /** Whether JSON in one piece is an answer: an object, if nothing else is said. */
  isAnswer?(value: JsonValue): boolean
}

const NO_DATA: Readonly<Record<string, Said>> = { '[DONE]': undefined }

/** Makes the follower of a row. */
export const followBy =
  ({ look, data: words = NO_DATA, isAnswer = isObject }: Ends): ((question?: Question) => Follower) =>
  (question) => {
    const said = look(question)
    let state: Said
    let malformed: string | undefined
    /** The last record was cut off. */
    let isCut = false
    /** What came before the first event: of an answer in one piece, all of it. */
    let body: string[] | undefined = []
    /** Its events are elements of an array that is not closed yet. */
    let isOpen = false
    const takeData = (data: string): void => {
      const word = data.trim()
      const now = Object.hasOwn(words, word) ? words[word] : undefined
      if (now !== undefined) state = after(state, now)
      else if (!Object.hasOwn(words, word) && state !== 'whole' && state !== 'failed') malformed ??= data
    }
    const takeRest = (wire: AnswerRecord['wire']): void => {
      if (typeof wire !== 'string') isCut = true
      else if (isOpen && END_OF_ARRAY.test(wire)) isOpen = false
      else if (!body) isCut = isFragment(wire)
      else if (body.length > 0 || !saysNothing(wire)) body.push(wire)
    }
    return {
      take({ event, data, wire }) {
        isCut = false
        if (event && body) isOpen = typeof wire === 'string' && ARRAY.test(wire)
        if (event ?? data) body = undefined
        if (event) state = after(state, said(event))
        else if (data === undefined) takeRest(wire)
        else takeData(data)
        return PROGRESS[state ?? 'open']
      },
      end() {
        if (malformed !== undefined) return { end: 'malformed', why: excerpt(malformed) }
        if (state !== undefined && state !== 'enough') return { end: 'complete' }
        if (body) return endOfBody(body.join(''), isAnswer)
        return { end: state === 'enough' && !isCut && !isOpen ? 'complete' : 'truncated' }
      },
    }
  }

const PROGRESS = {
  open: 'open',
  enough: 'open',
  failed: 'failing',
  last: 'settling',
  whole: 'settling',
} as const satisfies Record<string, Progress>

/** What is whole stays so, and what has failed: after its failure, too, an answer may say that no more follows. */
function after(before: Said, now: Said): Said {
  if (before === 'whole' || (before === 'failed' && now !== 'whole')) return before
  return before === 'enough' ? (now ?? before) : now
}

/** How the first element of an array begins that is streamed, and what closes it. */
const ARRAY = /^\uFEFF?\s*\[/

const END_OF_ARRAY = /^\s*\]/

/** Whether text without data is the beginning of a record. */
const isFragment = (wire: string): boolean =>
  !/(?:\r\n|\r|\n){2}$/.test(wire) && wire.split(/\r\n|\r|\n/).some((line) => line !== '' && !/^[:,\]\s]/.test(line))
