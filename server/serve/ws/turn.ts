/** One turn that runs: a call to the model, its messages, and its line in the journal. */
import type { Call } from '../../api/call.ts'
import type { Clock } from '../../base/clock.ts'
import type { DeltatapeError } from '../../base/errors.ts'
import { type List, fresh } from '../../base/memo.ts'
import { type Action, type Answer, type Model, actionOf } from '../../model/model.ts'
import type { Journal, Spoken, UnderWay } from '../journal.ts'
import { type Log, toldOf } from '../log.ts'
import { type Trace, traceOf } from '../trace.ts'
import type { Redact, TurnRequest } from './dialect.ts'
import { bytesIn } from './framing.ts'
import { relay } from './relay.ts'

export interface TurnOptions {
  readonly model: Model
  /** The call that a request becomes. */
  readonly callFor: (request: TurnRequest) => Call
  /** Takes secrets out of what the API says of a failure. */
  readonly redact: Redact
  /** The path that the client connected to. */
  readonly endpoint: string
  readonly spoken: Spoken
  readonly clock: Clock
  readonly journal: Journal
  readonly log: Log
  /** Breaks the connection, after what was sent is on its way. */
  readonly drop: () => void
  /** Sends messages; resolves when the connection can take more, or is gone. */
  readonly send: (messages: List<string>) => Promise<void> | undefined
}

export interface RunningTurn {
  readonly id: string | undefined
  /** Whether the client has its last message; the model may still have something to do. */
  hasEnded(): boolean
  /** Ends it for the client, and frees the model. */
  end(error: DeltatapeError): void
  /** Resolves when the model has finished, too. Never rejects. */
  readonly finished: Promise<void>
}

/** Starts a turn. */
export function startTurn(request: TurnRequest, options: TurnOptions): RunningTurn {
  const { id, ignored, turn } = request
  const { clock, journal, log, redact, endpoint, spoken } = options
  const abort = new AbortController()
  const { signal } = abort
  let count = 0
  let underWay: UnderWay | undefined
  const send = (messages: List<string>): Promise<void> | undefined => {
    if (messages.count === 0) return undefined
    count += messages.count
    underWay?.sent(messages.count, bytesIn(messages))
    return options.send(messages)
  }
  /** Whatever cannot be said of an error: a client that waits gets an end. */
  const endWith = (error: DeltatapeError): readonly string[] => {
    try {
      return turn.fail(error)
    } catch (cause) {
      return turn.fail(toldOf(cause, log))
    }
  }
  const run = async (): Promise<void> => {
    const started = clock.now()
    let answer: Answer | undefined
    let missed: Action | undefined
    let trace: Trace | undefined
    try {
      const call = options.callFor(request)
      trace = traceOf(call.headers)
      underWay = journal.begin({ endpoint, spoken, id, unit: 'frame', call })
      answer = await options.model(call, signal)
      await relay(answer, turn, { redact, send, signal })
    } catch (error) {
      missed = actionOf(error)
      const told = toldOf(error, log)
      if (told.code === 'dropped') options.drop()
      else if (!signal.aborted) await send(fresh(endWith(told)))
    }
    const { code, message } = turn.error() ?? {}
    // What became of a recording is known after its last record.
    const action = answer?.action ?? missed
    const ms = clock.now() - started
    const told = { endpoint, id, action, count, unit: 'frame', ms, code, message, ignored, trace } as const
    journal.turn(told, underWay)
  }
  return {
    id,
    hasEnded: turn.hasEnded,
    end(error) {
      void send(fresh(endWith(error)))
      abort.abort(error)
    },
    finished: run(),
  }
}
