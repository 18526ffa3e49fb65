/** Sends the requests of fixtures again: several at once, and each turn of a conversation after the one before. */
import pLimit from 'p-limit'
import type { Head } from '../api/api.ts'
import type { Call } from '../api/call.ts'
import { type Ending, ModelError, RefusedError } from '../api/ending.ts'
import { type AnswerRecord, textOf } from '../api/record.ts'
import { DeltatapeError } from '../base/errors.ts'
import { idOf } from '../fixture/take.ts'
import type { Action, Model } from '../model/model.ts'
import type { Redactor } from '../redact/redactor.ts'
import type { Candidate } from '../fixture/fixture.ts'
import { type Answer, NOTHING_NEW, type Renewal, renewalBy, renewed, renewedPath, together } from './chain.ts'
import { BY_ITS_APP, type Planned, callFor } from './plan.ts'

/** What came of a request. */
export type Reply =
  /** The model finished it. */
  | {
      readonly kind: 'answered'
      readonly head: Head
      readonly records: readonly AnswerRecord[]
      readonly action: Action | undefined
    }
  /** It did not, or nothing was sent because what it continues failed: then there is no ending. */
  | {
      readonly kind: 'failed'
      readonly why: string
      readonly records: readonly AnswerRecord[]
      readonly ending: Ending | undefined
      /** The HTTP status, if the API answered. */
      readonly status: number | undefined
      readonly action: Action | undefined
    }
  /** It was not sent, or not read to its end, before the work was broken off. */
  | { readonly kind: 'not_sent' }

export interface ResendOptions {
  /** The model that gets the request of a fixture. */
  readonly modelFor: (planned: Planned) => Model
  /** The answer that a fixture holds; undefined if it cannot be read. */
  readonly answerOf: (fixture: Candidate) => Promise<Answer | undefined>
  /** How many requests are under way at once. */
  readonly concurrency: number
  /** Breaks off what is under way, and sends no more. */
  readonly signal: AbortSignal
  /** Takes secrets out of what the API says, before that is cut: half a secret is not known for one. */
  readonly redactor: Pick<Redactor, 'body'>
}

/**
 * Sends what a plan says.
 *
 * @param conclude makes something of each reply as soon as it is there: the records of the reply are not kept
 */
export async function resend<T>(
  send: readonly Planned[],
  { modelFor, answerOf, concurrency, signal, redactor }: ResendOptions,
  conclude: (planned: Planned, reply: Reply) => T | Promise<T>,
): Promise<T[]> {
  const replyTo = async (planned: Planned, parent: Sent<T> | undefined): Promise<Reply> => {
    if (signal.aborted || parent?.kind === 'not_sent') return { kind: 'not_sent' }
    if (parent?.kind === 'failed') return failed('The answer that it continues failed.')
    const { api, requestText, call } = planned.fixture
    const renewal = planned.carries ? (parent?.renewal ?? NOTHING_NEW) : NOTHING_NEW
    if ('why' in renewal) return failed(`${renewal.why}: ${BY_ITS_APP}`)
    const text = renewed(api, requestText, renewal)
    if (text === undefined) return failed(`an answer stands in its request in parts: ${BY_ITS_APP}`)
    const fixture = { ...planned.fixture, call: { ...call, path: renewedPath(api, call.path, renewal) } }
    return ask(modelFor(planned), callFor({ ...planned, fixture }, parent?.id, text), signal, redactor)
  }
  const carried = new Set(send.flatMap(({ carries, after }) => (carries && after ? [idOf(after)] : [])))
  const renewalOf = async (
    { fixture }: Planned,
    reply: Reply,
    parent: Sent<T> | undefined,
  ): Promise<Sent<T>['renewal']> => {
    const before = parent?.renewal ?? NOTHING_NEW
    if (!carried.has(idOf(fixture)) || reply.kind !== 'answered' || 'why' in before) return before
    const old = await answerOf(fixture)
    const now = old && renewalBy(old, { api: fixture.api, records: reply.records })
    if (!now) return { why: 'the answer that it carries cannot be read' }
    return 'why' in now ? now : together(before, now)
  }

  const slot = pLimit(concurrency)
  const sent = new Map<string, Promise<Sent<T>>>()
  for (const planned of send) {
    const before = planned.after && sent.get(idOf(planned.after))
    const work = async (): Promise<Sent<T>> => {
      const parent = await before
      return slot(async () => {
        const reply = await replyTo(planned, parent)
        // Before what it compares is written over.
        const renewal = await renewalOf(planned, reply, parent)
        return { kind: reply.kind, id: answerIdOf(planned, reply), renewal, conclusion: await conclude(planned, reply) }
      })
    }
    sent.set(idOf(planned.fixture), work())
  }
  return (await Promise.all(sent.values())).map(({ conclusion }) => conclusion)
}

/** What is kept of a reply. */
interface Sent<T> {
  readonly kind: Reply['kind']
  /** The id by which the next turn continues it. */
  readonly id: string | undefined
  /** What the next turn puts in place of what it carries, or why that is not known. */
  readonly renewal: Renewal | { readonly why: string }
  readonly conclusion: T
}

function answerIdOf(planned: Planned, reply: Reply): string | undefined {
  const { api, ...call } = callFor(planned, undefined)
  return 'records' in reply ? api.answerId(call, api.events(reply.records)) : undefined
}

export type Failed = Extract<Reply, { kind: 'failed' }>

const failed = (why: string, more: Partial<Failed> = {}): Failed => ({
  kind: 'failed',
  records: [],
  ending: undefined,
  status: undefined,
  action: undefined,
  ...more,
  why,
})

async function ask(model: Model, call: Call, signal: AbortSignal, redactor: ResendOptions['redactor']): Promise<Reply> {
  const records: AnswerRecord[] = []
  let head: Head | undefined
  // What became of the fixture is known after the last record.
  let action: () => Action | undefined = () => undefined
  const soFar = () => ({ records, status: head?.status, action: action() })
  try {
    const answer = await model(call, signal)
    head = answer.head
    action = () => answer.action
    for await (const { items } of answer.records) for (const record of items) records.push(record)
  } catch (error) {
    if (error instanceof ModelError) return failed(error.message, { ...soFar(), ending: error.failure })
    if (signal.aborted) return { kind: 'not_sent' }
    if (!(error instanceof DeltatapeError)) throw error
    return failed(error.message, soFar())
  }
  if (head.status >= 400) {
    const refusal = { status: head.status, headers: head.headers, body: redactor.body(textOf(records) ?? '') }
    return failed(new RefusedError(refusal).message, { ...soFar(), ending: { end: 'refused' } })
  }
  const why = unfinished(call, records)
  if (why !== undefined) return failed(why, { ...soFar(), ending: { end: 'complete' } })
  return { kind: 'answered', head, records, action: action() }
}

/** In which words an answer says that the model did not finish it. */
function unfinished(call: Call, records: readonly AnswerRecord[]): string | undefined {
  const { api } = call
  const events = api.events(records)
  if (api.isFinished(call, events)) return undefined
  return (
    events.map((event) => api.failureOf(event)).find((failure) => failure !== undefined)?.message ??
    'The API failed to answer.'
  )
}
