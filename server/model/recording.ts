/** What is gathered of an answer while it is recorded, and what becomes of it in the end. */
import { any } from '../api/any.ts'
import type { Head } from '../api/api.ts'
import type { Call } from '../api/call.ts'
import { type Ending, ModelError, isFailure } from '../api/ending.ts'
import { joinFirstLine } from '../api/framing/late.ts'
import { keptHeaders } from '../api/headers.ts'
import type { AnswerRecord } from '../api/record.ts'
import { type Clock, nextTurn } from '../base/clock.ts'
import { DeltatapeError, isError, systemCode } from '../base/errors.ts'
import { codeAndCure } from '../base/system.ts'
import { compare } from '../fixture/compare.ts'
import { describeComparison } from '../fixture/compared.ts'
import { type Fixture, isGood } from '../fixture/fixture.ts'
import { type Identity, fileName } from '../fixture/key.ts'
import { numbered } from '../fixture/take.ts'
import { countingIds, givenBy } from '../fixture/thread.ts'
import type { Redactor } from '../redact/redactor.ts'
import { harmIn, remainsOf } from '../redact/shape.ts'
import type { Saved } from '../store/save.ts'
import type { Store } from '../store/store.ts'
import type { Action } from './model.ts'
import type { Take, Takes } from './takes.ts'
import type { Tape } from './tape.ts'

export interface RecordOptions {
  /** Whether what the model did not finish is saved too. */
  readonly recordFailures: boolean
  /** Who answers, as the fixture names it. */
  readonly upstream: string
  /** How much memory all answers may take while they are recorded, in bytes. */
  readonly maxRecordingBytes: number
  /** Which answers to one call are kept beside each other. */
  readonly takes: Takes
  readonly redactor: Redactor
  readonly clock: Clock
}

export interface Recording {
  /** What became of the fixture, once that is known. */
  readonly action: Action | undefined
  /** Whether the answer may be over. */
  readonly mayBeOver: boolean
  head(head: Head): void
  /** Takes the next records; says how many of them are certainly not the end. */
  take(records: readonly AnswerRecord[]): number
  /** The answer ended by itself. */
  ended(): Promise<void>
  /** It broke, or its client left. */
  failed(error: unknown, signal: AbortSignal): Promise<void>
}

/** What became of a fixture; its name is told if it is that of another take. */
type Outcome = Omit<Action, 'fixture'> & Partial<Pick<Action, 'fixture'>>

/** What is recorded, and on what. */
interface Recorded {
  readonly call: Call
  readonly identity: Identity
  readonly tape: Tape
  /** Which of several answers it is, if they are kept beside each other. */
  readonly take: Take | undefined
}

/** The status that tells a client to take its own copy of the answer (RFC 9110, 15.4.5). */
const NOT_MODIFIED = 304

/** Begins the recording of one call. */
export function startRecording(
  { call, identity, tape, take }: Recorded,
  store: Store,
  options: RecordOptions,
): Recording {
  const { clock } = options
  const began = clock.now()
  const recorded = { at: clock.date().toISOString(), upstream: call.to?.upstream ?? options.upstream }
  const follower = call.api.follow({ ...identity.call, request: identity.request })
  let head: Head | undefined
  let action: Action | undefined
  let mayBeOver = false

  // A redirect is no answer to what was asked of an API that is known; who fetches something is told where it is.
  const mayBeLed = call.api === any || call.method === 'GET' || call.method === 'HEAD'
  const isRefused = () => head !== undefined && head.status >= (mayBeLed ? 400 : 300)
  const fixture = fileName({ ...identity, take: take?.number })
  const noRoom = notSaved(
    `the recordings under way take more memory than the ${options.maxRecordingBytes} bytes that MAX_RECORDING_BYTES allows`,
  )

  const saved = (ending: Ending): Promise<Outcome> => {
    const endedAt = Math.max(Math.round(clock.now() - began), tape.records.at(-1)?.at ?? 0)
    return keep(store, options, { call, identity, take, head, recorded, records: tape.records, ending, endedAt })
  }
  /** The client has its answer, or its error: what becomes of the file is told, and never fails the call. */
  const conclude = async (ending: Ending): Promise<void> => {
    action = { fixture, ...(tape.isFull ? noRoom : await told(() => saved(ending))) }
    if (action.kind === 'not_saved') take?.drop()
  }

  return {
    get action() {
      return action
    },
    get mayBeOver() {
      return mayBeOver
    },
    head: (given) => void (head = given),
    take(more) {
      tape.add(more)
      if (head !== undefined && head.status >= 400) return more.length
      let open = 0
      for (const [index, each] of more.entries()) {
        const progress = follower.take(each)
        mayBeOver = progress !== 'open'
        if (progress !== 'settling') open = index + 1
      }
      // What is not saved is not waited for.
      return tape.isFull ? more.length : open
    },
    ended: () => conclude({ end: isRefused() ? 'refused' : 'complete' }),
    async failed(error, signal) {
      if (error instanceof ModelError) await conclude(error.failure)
      else if (signal.aborted) action = { ...notSaved(whyEnded(signal.reason)), fixture }
      if (!(error instanceof ModelError)) take?.drop()
    },
  }
}

/** Of what is malformed the reason is its text. */
const redacted = (ending: Ending, redactor: Redactor): Ending =>
  isFailure(ending) && ending.why !== undefined ? { ...ending, why: redactor.body(ending.why) } : ending

/** What was recorded, as it came. */
interface Came extends Pick<Fixture, 'recorded' | 'records' | 'ending' | 'endedAt'> {
  readonly call: Call
  readonly identity: Identity
  readonly take: Take | undefined
  readonly head: Head | undefined
}

/** Saves what was recorded, without its secrets, if it is worth keeping; says what became of it. */
async function keep(
  store: Store,
  options: RecordOptions,
  { call, identity, take, head, recorded, records: came, ending, endedAt }: Came,
): Promise<Outcome> {
  const all = joinFirstLine(came)
  const redactor = options.redactor.for(call)
  const records = await redactor.records(all, call.api)
  await nextTurn()
  const harm = harmIn(all, records, call.api, call)
  if (harm !== undefined)
    return notSaved(`its redaction ${harm}: make the rules of redact in deltatape.config.json narrower`)
  const remains = remainsOf(records === all ? [] : redactor.left(all, records, call.api))
  if (remains !== undefined) return notSaved(`its redaction ${remains}: ${NOT_YOURS}`)
  const events = call.api.events(records)
  await nextTurn()
  const fixture: Fixture = {
    ...identity,
    ...numbered(take?.number ?? 1),
    response: head && { ...head, headers: redactor.headers(keptHeaders(head.headers, call.method)) },
    responseId: call.api.answerId(call, events),
    knownBy: givenBy(call.api, identity.request, events),
    recorded,
    records,
    ending: redacted(ending, redactor),
    endedAt,
  }
  if (head && (head.status < 200 || head.status > 999)) return notSaved(`HTTP ${head.status} is no status of an answer`)
  if (head?.status === NOT_MODIFIED) return notSaved('HTTP 304 is no answer for a client that has no copy of its own')
  const settled = take?.settle(fixture)
  if (settled?.kind === 'same') return { kind: 'unchanged', fixture: fileName({ ...identity, take: settled.as }) }
  if (settled?.kind !== 'save' && !options.recordFailures && !isGood(fixture))
    return notSaved(`${whatWentWrong(ending, head, recorded.upstream)}${UNFINISHED[settled?.kind ?? 'dropped']}`)
  const earlier = settled?.kind === 'save' ? settled.earlier : []
  const before: Pick<Action, 'fixture' | 'isNew'>[] = []
  for (const each of earlier) before.push(placeOf(await store.save(each, true)))
  const saved = await store.save(fixture, settled?.kind === 'save')
  const { outcome, name, replaced } = saved
  if (outcome === 'kept')
    return { ...notSaved('the model did not finish it, and the fixture that exists is good'), fixture: name }
  return {
    kind: outcome,
    ...placeOf(saved),
    ...(replaced && changesOf(replaced, fixture)),
    needs: countingIds(call.api, identity),
    ...(before.length > 0 ? { earlier: before } : {}),
  }
}

/** No rule of the user can mend that. */
const NOT_YOURS =
  'a bug of deltatape, to be reported; until it is mended, ask for an answer that does not say the secret'

/** Where a fixture stands, and whether it is the first of its call. */
const placeOf = ({ name, outcome, replaced }: Saved): Pick<Action, 'fixture' | 'isNew'> => ({
  fixture: name,
  ...(outcome === 'saved' && replaced === undefined ? { isNew: true } : {}),
})

/** Why an answer is not worth keeping: a key or an address that is wrong is no fault of the model. */
function whatWentWrong({ end }: Ending, head: Head | undefined, upstream: string): string {
  if (head !== undefined && end === 'refused') {
    const mend = head.status === 401 || head.status === 403 ? ': look at the key' : ''
    return `the API refused it with HTTP ${head.status}${mend}`
  }
  if (end === 'unreachable') return `the API was not reached at ${upstream}: is it up, and is that its address?`
  return WHAT_WENT_WRONG[end]
}

const WHAT_WENT_WRONG = {
  complete: 'the model did not finish it',
  refused: 'the API refused it',
  truncated: 'the API closed the stream before its end',
  reset: 'the connection to the API broke',
  stalled: 'the API stalled',
  malformed: 'the API sent something else than an answer',
} as const

const UNFINISHED = {
  dropped: ' (RECORD_FAILURES=1 saves that too)',
  held: '; a later take of this call that it finishes saves both',
} as const

/** In which way a fixture changed. It is on the disk: what cannot be compared is saved all the same. */
function changesOf(before: Fixture, after: Fixture): Pick<Action, 'changes' | 'isOther' | 'lost'> {
  const lost = (before.knownBy ?? []).filter((mark) => !after.knownBy?.includes(mark))
  try {
    const comparison = compare(before, after)
    return { changes: describeComparison(comparison), isOther: !comparison.same, lost }
  } catch {
    return { lost }
  }
}

const notSaved = (why: string): Outcome => ({ kind: 'not_saved', why })

/** What became of a fixture, also if saving it failed in whichever way. */
async function told(save: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await save()
  } catch (error) {
    const code = systemCode(error)
    if (code !== undefined) return notSaved(`the file could not be written: ${codeAndCure(code)}`)
    if (error instanceof DeltatapeError) return notSaved(error.message)
    return notSaved(`something went wrong in deltatape itself: ${isError(error) ? error.message : String(error)}`)
  }
}

const whyEnded = (reason: unknown): string =>
  `it ended before the answer was finished: ${isError(reason) ? reason.message : String(reason)}`
