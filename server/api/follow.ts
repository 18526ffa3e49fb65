/** Follows a stream whose own records say when it is whole. */
import { isObject, type JsonValue } from '../base/json.ts'
import type { Follower, Progress } from './api.ts'
import { endOfBody, excerpt, saysNothing } from './body.ts'
import type { ModelEvent } from './event.ts'
import type { AnswerRecord } from './record.ts'

/**
 * What an event says of the answer: `whole` if nothing that matters follows, `enough` if it is whole as soon as its body
 * ends cleanly, `failed` if the API gives up; undefined if it goes on.
 */
export type Said = 'whole' | 'enough' | 'failed' | undefined

/** What a row says of the end of its streams. */
export interface Ends {
  /** Looks at the events of one answer, in order. */
  look(): (event: ModelEvent) => Said
  /** What data that is no JSON object says; what is not named is malformed. */
  readonly data?: Readonly<Record<string, Said>>
  /** Whether JSON in one piece is an answer: an object, if nothing else is said. */
  isAnswer?(value: JsonValue): boolean
}

const NO_DATA: Readonly<Record<string, Said>> = { '[DONE]': undefined }

/** Makes the follower of a row. */
export const followBy =
  ({ look, data: words = NO_DATA, isAnswer = isObject }: Ends): (() => Follower) =>
  () => {
    const said = look()
    let state: Said
    let malformed: string | undefined
    /** The last record was cut off. */
    let isCut = false
    /** An array has begun that is streamed: it is over with its bracket. */
    let isOpen = false
    /** What came before the first event: of an answer in one piece, all of it. */
    let body: string[] | undefined = []
    const take = (record: AnswerRecord): Said => {
      const { event, data, wire } = record
      isCut = false
      if (event ?? data) body = undefined
      if (typeof wire === 'string')
        isOpen = event ? isOpen || BRACKET.test(wire) : isOpen && !wire.trimEnd().endsWith(']')
      if (event) return said(event)
      if (data !== undefined) {
        if (!Object.hasOwn(words, data.trim())) malformed ??= state === 'whole' ? undefined : data
        return words[data.trim()]
      }
      if (typeof wire !== 'string') isCut = true
      else if (body) {
        if (body.length > 0 || !saysNothing(wire)) body.push(wire)
      } else isCut = isFragment(wire)
      return undefined
    }
    return {
      take(record) {
        const now = take(record)
        // What has failed, or is whole, stays so.
        if (state === undefined || (state === 'enough' && now !== undefined)) state = now
        return progressOf(state)
      },
      end() {
        if (malformed !== undefined) return { end: 'malformed', why: excerpt(malformed) }
        if (state === 'whole' || state === 'failed') return { end: 'complete' }
        if (body) return endOfBody(body.join(''), isAnswer)
        return { end: state === 'enough' && !isCut && !isOpen ? 'complete' : 'truncated' }
      },
    }
  }

const BRACKET = /^\uFEFF?\s*\[/

const progressOf = (state: Said): Progress => (state === 'whole' ? 'settling' : state === 'failed' ? 'failing' : 'open')

/** Whether text without data is the beginning of a record. */
const isFragment = (wire: string): boolean =>
  !/(?:\r\n|\r|\n){2}$/.test(wire) && wire.split(/\r\n|\r|\n/).some((line) => line !== '' && !/^[:,\]\s]/.test(line))
