/** Notes what becomes of one call over HTTP, for the journal. */
import type { Api } from '../../api/api.ts'
import type { Call } from '../../api/call.ts'
import type { Batch } from '../../api/record.ts'
import type { Clock } from '../../base/clock.ts'
import type { DeltatapeError } from '../../base/errors.ts'
import { questionOf } from '../../fixture/request.ts'
import type { Action } from '../../model/model.ts'
import type { Redactor } from '../../redact/redactor.ts'
import type { Journal } from '../journal.ts'
import { type Log, toldOf } from '../log.ts'
import { type Trace, traceOf } from '../trace.ts'
import { modelAsked } from './asking.ts'
import type { Hearing } from '../hearing.ts'

export interface Observed {
  /** This batch is handed on, as so many bytes. */
  take(batch: Batch, bytes: number): void
  /** The answer failed. Gives what its client is to be told; undefined if the client has the whole answer already. */
  failed(error: unknown): DeltatapeError | undefined
  /** Nothing more comes. */
  ended(action: Action | undefined): void
}

interface Parts {
  readonly clock: Clock
  readonly journal: Journal
  readonly log: Log
  readonly redactor: Redactor
  readonly glance: Glance
  readonly hearing: Hearing
}

/** What is told of a call that follows from its bytes. */
export interface Subject {
  /** The path as the log has it, once the key that its client brought is taken out: behind the name of the client, if it gave one. */
  readonly endpoint: string
  readonly api: string
  readonly host: string | undefined
  readonly model: string
  readonly trace: Trace | undefined
}

export function subjectOf(call: Call, redactor: Redactor): Subject {
  const { api, to, headers, caller, path } = call
  const endpoint = redactor.for(call).path(caller ? `/@${caller.name}${path}` : path)
  return { endpoint, api: api.name, host: to?.host, model: modelAsked(call), trace: traceOf(headers) }
}

/** @param close called once, when the call is over */
export function observe(
  call: Call,
  subject: Subject,
  { clock, journal, log, redactor, glance, hearing }: Parts,
  close: () => void,
): Observed {
  const began = clock.now()
  const { endpoint } = subject
  const underWay = journal.begin({ endpoint, spoken: 'calls', unit: 'record', call })
  const ear = hearing(call.api)
  let count = 0
  let failure: { readonly code: DeltatapeError['code']; readonly message: string } | undefined
  let over = false
  let open = true
  return {
    take(batch, bytes) {
      const seen = glance(call, batch)
      ear.take(batch)
      count += batch.count
      underWay?.sent(batch.count, bytes)
      // Comments and `[DONE]` do not make an answer go on.
      over = seen.mayBeOver || (over && !seen.hasEvent)
      if (failure || !seen.failure) return
      const { code, message } = seen.failure
      failure = { code, message: redactor.for(call).text(message) }
    },
    failed(error) {
      const told = toldOf(error, log)
      // The client has the whole answer already.
      if (over) return undefined
      failure ??= told
      return told
    },
    ended(action) {
      if (!open) return
      open = false
      close()
      const { code, message } = failure ?? {}
      const told = {
        action,
        count,
        unit: 'record',
        ms: clock.now() - began,
        code,
        message,
      } as const
      journal.turn({ ...told, ...ear.heard(), ...subject }, underWay)
    },
  }
}

/** What a batch says of its answer: whether it may end it, whether it holds an event, and the failure that it tells of. */
interface Seen {
  readonly mayBeOver: boolean
  readonly hasEvent: boolean
  readonly failure: ReturnType<Api['failureOf']>
}

/** Looks at a batch of the answer to a call; what was seen of one that comes again is remembered. */
export type Glance = (call: Call, batch: Batch) => Seen

export function createGlance(): Glance {
  const known = new WeakMap<Batch, Seen>()
  return (call, batch) => {
    const before = known.get(batch)
    if (before) return before
    const seen = look(call, batch)
    if (batch.kept) known.set(batch, seen)
    return seen
  }
}

function look(call: Call, { items }: Batch): Seen {
  const { api } = call
  const follower = api.follow(questionOf(call))
  let mayBeOver = false
  let failure: Seen['failure']
  for (const record of items) {
    mayBeOver = follower.take(record) !== 'open'
    failure ??= record.event && api.failureOf(record.event)
  }
  return { mayBeOver, hasEvent: items.some(({ event }) => event !== undefined), failure }
}
