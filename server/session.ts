/** One connection's turns: one after another, each with its terminal frame, whatever happens. */
import { DeltatapeError } from './errors.ts'
import type { Journal } from './journal.ts'
import type { JsonObject } from './json.ts'
import type { Log } from './log.ts'
import type { Action, Model } from './model/model.ts'
import type { Clock } from './pace.ts'
import { binaryMessage, encodeFrame, parseMessage, type ChatInput, type ClientMessage } from './protocol.ts'
import { createTurn, type Turn } from './turn.ts'

export interface SessionOptions {
  readonly model: Model
  readonly chatbotModel: string
  /** The path that the client connected to. */
  readonly endpoint: string
  /** Whether answers are sent in deltas first. */
  readonly deltas: boolean
  readonly maxQueuedTurns: number
  readonly redact: (text: string) => string
  readonly clock: Clock
  readonly journal: Journal
  readonly log: Log
  /** Sends encoded frames; resolves when the connection can take more, or is gone. */
  readonly send: (frames: readonly string[]) => Promise<void> | undefined
}

export interface Session {
  /** A message came: its text, or undefined for a binary one. */
  receive(text: string | undefined): void
  /** The client is gone: its turns end, and nothing is sent any more. */
  leave(): void
  /** Takes no new turns; resolves when those that there are have ended. */
  drain(): Promise<void>
  /** Ends all turns with this error, each with its terminal frame. */
  stop(error: DeltatapeError): void
}

type Request = Exclude<ClientMessage, { kind: 'cancel' }>
type ChatRequest = Extract<ClientMessage, { kind: 'request' }>

/** A turn that runs. */
interface Running {
  readonly id: string | undefined
  readonly turn: Turn
  /** Sends its terminal frame, and frees the model. */
  end(error: DeltatapeError): void
}

export function createSession(options: SessionOptions): Session {
  const { model, endpoint, maxQueuedTurns, clock, journal, log } = options
  /** What waits, in the order it was sent. */
  let queue: Request[] = []
  let running: Running | undefined
  let busy = false
  let idle = Promise.resolve()
  let draining = false
  let gone = false

  const send = (frames: readonly string[]): Promise<void> | undefined =>
    gone || frames.length === 0 ? undefined : options.send(frames)

  const isOpen = (id: string): boolean =>
    (running?.id === id && !running.turn.ended) ||
    queue.some((waiting) => waiting.kind === 'request' && waiting.id === id)

  const accept = (request: Request): void => {
    const admitted = admit(request)
    if (busy && queue.length >= maxQueuedTurns) {
      const message = `On this connection ${queue.length} turns are waiting, the most that MAX_QUEUED_TURNS allows. Send this one again when some of them have ended.`
      void refuse(admitted.id, new DeltatapeError('busy', message))
    } else if (busy) {
      queue.push(admitted)
    } else if (admitted.kind === 'invalid') {
      void refuse(admitted.id, admitted.error)
    } else {
      idle = runAll(admitted)
    }
  }

  /** What cannot become a turn keeps its place in the order, so that its error is not taken for another turn's end. */
  const admit = (request: Request): Request => {
    if (draining) return { kind: 'invalid', id: request.id, error: new DeltatapeError('shutting_down', SHUTTING_DOWN) }
    if (request.id === undefined || !isOpen(request.id)) return request
    // Without the id: whoever waits for the open turn must not take this frame for its end.
    const message = `The id ${JSON.stringify(request.id)} belongs to a turn that has not ended. Give every turn an id of its own.`
    return { kind: 'invalid', error: new DeltatapeError('invalid_input', message) }
  }

  const refuse = (id: string | undefined, { code, message }: DeltatapeError): Promise<void> | undefined => {
    journal.turn({ endpoint, id, frames: 1, ms: 0, code, message })
    return send([encodeFrame({ type: 'error', message, code, id })])
  }

  /** Runs a turn, and those that queue up behind it. */
  const runAll = async (first: ChatRequest): Promise<void> => {
    busy = true
    for (let request: Request | undefined = first; request; request = queue.shift()) {
      if (request.kind === 'invalid') await refuse(request.id, request.error)
      else await run(request)
    }
    busy = false
  }

  const run = async ({ id, body, ignored }: ChatRequest): Promise<void> => {
    const started = clock.now()
    const abort = new AbortController()
    const turn = createTurn({ id, deltas: options.deltas, redact: options.redact })
    let frames = 0
    let action: Action | undefined
    const deliver = (made: readonly string[]): Promise<void> | undefined => {
      frames += made.length
      return send(made)
    }
    running = {
      id,
      turn,
      end(error) {
        // What still runs after the terminal frame is the model finishing its recording: it is left alone.
        if (turn.ended) return
        void deliver(turn.fail(error))
        abort.abort(error)
      },
    }
    try {
      const request = { body: requestBody(options.chatbotModel, body), note: (noted: Action) => void (action = noted) }
      for await (const batch of model(request, abort.signal)) await deliver(turn.push(batch))
      if (!turn.ended) throw new Error('The model ended without a terminal event.')
    } catch (error) {
      if (!abort.signal.aborted) await deliver(turn.fail(explain(error)))
    }
    running = undefined
    const { code, message } = turn.error ?? {}
    journal.turn({ endpoint, id, action, frames, ms: clock.now() - started, code, message, ignored })
  }

  /** What a client is told of an error; the log gets all of one that nobody expected. */
  const explain = (error: unknown): DeltatapeError => {
    if (error instanceof DeltatapeError) return error
    log.error('a turn failed unexpectedly', { error })
    return new DeltatapeError('internal', 'Something went wrong in deltatape itself; its log says what.', {
      cause: error,
    })
  }

  const endWaiting = (error: DeltatapeError, ends: (request: ChatRequest) => boolean): void => {
    queue = queue.map((request) =>
      request.kind === 'request' && ends(request) ? { kind: 'invalid', id: request.id, error } : request,
    )
  }

  const cancel = (id: string | undefined): void => {
    const error = new DeltatapeError('cancelled', 'The client cancelled this turn.')
    if (id === undefined || running?.id === id) running?.end(error)
    if (id !== undefined) endWaiting(error, (request) => request.id === id)
  }

  return {
    receive(text) {
      const message = text === undefined ? binaryMessage() : parseMessage(text)
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

export const SHUTTING_DOWN = 'The server is shutting down.'

/** What the API is asked. Padding that hides the length of the deltas would make two recordings of one text differ. */
const requestBody = (model: string, input: ChatInput): JsonObject => ({
  model,
  ...input,
  stream_options: { include_obfuscation: false },
})
