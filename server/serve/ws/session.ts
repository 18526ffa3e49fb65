/** One connection's turns: one after another, each with its end, whatever happens. */
import type { Clock } from '../../base/clock.ts'
import { DeltatapeError, shuttingDown } from '../../base/errors.ts'
import type { Action, Model } from '../../model/model.ts'
import type { Journal } from '../journal.ts'
import { type Log, toldOf } from '../log.ts'
import type { Dialect, Refused, Request, Turn } from './dialect.ts'

export interface SessionOptions {
  readonly model: Model
  readonly dialect: Dialect
  /** The path that the client connected to. */
  readonly endpoint: string
  readonly maxQueuedTurns: number
  /** The client's own key, where the API is to get it. */
  readonly apiKey: string | undefined
  readonly clock: Clock
  readonly journal: Journal
  readonly log: Log
  /** The faults that the client asks for, in every turn. */
  readonly fault: string | undefined
  /** Breaks the connection, once what was sent is on its way. */
  readonly drop: () => void
  /** Sends messages; resolves when the connection can take more, or is gone. */
  readonly send: (messages: readonly string[]) => Promise<void> | undefined
}

export interface Session {
  /** A message came: its text, or undefined for a binary one. */
  receive(text: string | undefined): void
  /** The client is gone: its turns end, and nothing is sent any more. */
  leave(): void
  /** Takes no new turns; resolves when those that there are have ended. */
  drain(): Promise<void>
  /** Ends all turns with this error, each with its own end. */
  stop(error: DeltatapeError): void
}

/** A turn that runs. */
interface Running {
  readonly id: string | undefined
  readonly turn: Turn
  /** Ends it for the client, and frees the model. */
  end(error: DeltatapeError): void
}

export function createSession(options: SessionOptions): Session {
  const { model, dialect, endpoint, maxQueuedTurns, apiKey, fault, clock, journal, log } = options
  /** What waits, in the order it was sent. */
  let queue: (Request | Refused)[] = []
  let running: Running | undefined
  let busy = false
  let idle = Promise.resolve()
  let draining = false
  let gone = false

  const send = (messages: readonly string[]): Promise<void> | undefined =>
    gone || messages.length === 0 ? undefined : options.send(messages)

  const isOpen = (id: string): boolean =>
    (running?.id === id && !running.turn.ended) || queue.some((waiting) => waiting.id === id)

  const accept = (message: Request | Refused): void => {
    const admitted = admit(message)
    const waiting = queue.filter(({ kind }) => kind === admitted.kind).length
    if (busy && admitted.kind === 'request' && waiting >= maxQueuedTurns) {
      const text = `On this connection a turn runs and ${waiting} wait, the most that MAX_QUEUED_TURNS allows. Send this one again when some have ended.`
      void answer(refuse(admitted, new DeltatapeError('busy', text)))
    } else if (busy && (admitted.kind === 'request' || waiting < MAX_WAITING_ERRORS)) {
      queue.push(admitted)
    } else if (admitted.kind === 'refused') {
      void answer(admitted)
    } else {
      idle = runAll(admitted)
    }
  }

  /** What cannot become a turn keeps its place in the order, so that its error is not taken for another turn's end. */
  const admit = (message: Request | Refused): Request | Refused => {
    if (message.id !== undefined && isOpen(message.id)) {
      const text = `The id ${JSON.stringify(message.id)} belongs to a turn that has not ended. Give every turn an id of its own.`
      const error = message.kind === 'refused' ? message.error : new DeltatapeError('invalid_input', text)
      // Without the id: whoever waits for the open turn must not take this for its end.
      return { kind: 'refused', error, messages: [dialect.complain(error)] }
    }
    return draining && message.kind === 'request' ? refuse(message, shuttingDown()) : message
  }

  const answer = ({ id, error, messages }: Refused): Promise<void> | undefined => {
    journal.turn({ endpoint, id, frames: messages.length, ms: 0, code: error.code, message: error.message })
    return send(messages)
  }

  /** Runs a turn, and those that queue up behind it. */
  const runAll = async (first: Request): Promise<void> => {
    busy = true
    for (let waiting: Request | Refused | undefined = first; waiting; waiting = queue.shift()) {
      if (waiting.kind === 'refused') await answer(waiting)
      else await run(waiting)
    }
    busy = false
  }

  const run = async ({ id, body, ignored, turn }: Request): Promise<void> => {
    const started = clock.now()
    const abort = new AbortController()
    let frames = 0
    let action: Action | undefined
    const deliver = (messages: readonly string[]): Promise<void> | undefined => {
      frames += messages.length
      return send(messages)
    }
    running = {
      id,
      turn,
      end(error) {
        void deliver(turn.fail(error))
        abort.abort(error)
      },
    }
    try {
      const request = { body, apiKey, fault, note: (noted: Action) => void (action = noted) }
      for await (const batch of model(request, abort.signal)) await deliver(turn.push(batch))
      if (!turn.ended) throw new Error('The model ended without a terminal event.')
    } catch (error) {
      const told = toldOf(error, log)
      if (told.code === 'dropped') {
        // What waits ends with the connection, which takes a moment to break.
        gone = true
        queue = []
        options.drop()
      } else if (!abort.signal.aborted) await deliver(turn.fail(told))
    }
    running = undefined
    const { code, message } = turn.error ?? {}
    journal.turn({ endpoint, id, action, frames, ms: clock.now() - started, code, message, ignored })
  }

  const endWaiting = (error: DeltatapeError, ends: (request: Request) => boolean): void => {
    queue = queue.map((waiting) => (waiting.kind === 'request' && ends(waiting) ? refuse(waiting, error) : waiting))
  }

  const cancel = (id: string | undefined): void => {
    const error = new DeltatapeError('cancelled', 'The client cancelled this turn.')
    const current = running?.turn.ended ? undefined : running
    if (current && (id === undefined || current.id === id)) return current.end(error)
    // Behind a turn that has ended, and whose model has not, the next one is the current.
    const next = id === undefined && running ? queue.find(({ kind }) => kind === 'request') : undefined
    endWaiting(error, (request) => (id === undefined ? request === next : request.id === id))
  }

  return {
    receive(text) {
      if (gone) return
      const message = dialect.read(text)
      if (message.kind === 'cancel') cancel(message.id)
      else accept(message)
    },
    leave() {
      gone = true
      queue = []
      running?.end(new DeltatapeError('cancelled', 'The client left.'))
    },
    drain() {
      draining = true
      return idle
    },
    stop(error) {
      running?.end(error)
      endWaiting(error, () => true)
    },
  }
}

/** How many errors may wait for their place in the order; beyond it they are sent at once. */
const MAX_WAITING_ERRORS = 1000

const refuse = ({ id, turn }: Request, error: DeltatapeError): Refused => ({
  kind: 'refused',
  id,
  error,
  messages: turn.fail(error),
})
