/** One connection's turns: each with its end, in the order in which they were asked for, whatever happens. */
import { DeltatapeError, shuttingDown } from '../../base/errors.ts'
import type { Account } from '../../base/ledger.ts'
import { type List, fresh } from '../../base/memo.ts'
import type { Dialect, RefusedMessage, TurnRequest } from './dialect.ts'
import { bytesIn } from './framing.ts'
import { type Queue, type Waiting, createQueue, refusedFor, weightOfMessage } from './queue.ts'
import { createRunner } from './runner.ts'
import { type RunningTurn, type TurnOptions, startTurn } from './turn.ts'

export interface SessionOptions extends TurnOptions {
  readonly dialect: Dialect
  readonly maxQueuedTurns: number
  /** What the turns keep is charged here. */
  readonly account: Account
}

export interface Session {
  /** Takes a message: its text, or undefined if it is binary. */
  receive(text: string | undefined): void
  /** The client is gone: its turns end, and nothing is sent any more. */
  leave(): void
  /** Takes no new turns; resolves when those that there are have ended. */
  drain(): Promise<void>
  /** Ends all turns with this error, each with its own end. */
  stop(error: DeltatapeError): void
  /** How many turns wait. */
  queued(): number
}

export function createSession(options: SessionOptions): Session {
  const { dialect, endpoint, spoken, journal, account } = options
  const queue = createQueue(options.maxQueuedTurns, account)
  let draining = false
  let gone = false

  const send = (messages: List<string>) => (gone ? undefined : options.send(messages))
  const answer = ({ id, error: { code, message }, messages }: RefusedMessage): Promise<void> | undefined => {
    const [list, count] = [fresh(messages), messages.length]
    const underWay = journal.begin({ endpoint, spoken, id, unit: 'frame' })
    if (count > 0) underWay?.sent(count, bytesIn(list))
    journal.turn({ endpoint, id, count, unit: 'frame', ms: 0, code, message }, underWay)
    return count === 0 ? undefined : send(list)
  }
  const end = () => {
    gone = true
    queue.clear()
  }
  const drop = () => {
    // What waits ends with the connection, which takes a moment to break.
    end()
    options.drop()
  }
  const turnOptions: TurnOptions = { ...options, send, drop }
  const runner = createRunner({ queue, answer, start: (request) => startCharged(request, turnOptions, account) })

  const accept = (message: Waiting): void => {
    const current = runner.running()
    const isOpen = (id: string) => (current?.id === id && !current.hasEnded()) || queue.has(id)
    const admitted = admit(message, dialect, isOpen, draining)
    if (runner.isBusy() && queue.add(admitted)) return
    if (admitted.kind === 'refused') return void answer(admitted)
    const weight = weightOfMessage(admitted)
    if (!account.fits(weight)) return void answer(refusedFor(admitted, account.refusal(weight)))
    if (!runner.isBusy()) return runner.run(admitted)
    void answer(refusedFor(admitted, tooBusy(queue.requests())))
  }

  return {
    receive(text) {
      if (gone) return
      const message = dialect.read(text)
      if (message.kind === 'cancel') cancel(message.id, runner.running(), queue)
      else accept(message)
    },
    leave() {
      end()
      runner.running()?.end(new DeltatapeError('cancelled', 'The client left.'))
    },
    drain() {
      draining = true
      return runner.idle()
    },
    stop(error) {
      runner.running()?.end(error)
      queue.end(error, () => true)
    },
    queued: queue.requests,
  }
}

/** Starts a turn; what it keeps is charged until it has finished. */
function startCharged(request: TurnRequest, options: TurnOptions, account: Account): RunningTurn {
  // The bytes of its call come to its text.
  const weight = weightOfMessage(request) + 2 * request.body.length
  account.charge(weight)
  const turn = startTurn(request, options)
  void turn.finished.then(() => account.credit(weight))
  return turn
}

/** Ends the turn with this id, or the current one. */
function cancel(id: string | undefined, running: RunningTurn | undefined, queue: Queue): void {
  const error = new DeltatapeError('cancelled', 'The client cancelled this turn.')
  if (running && !running.hasEnded() && (id === undefined || running.id === id)) return running.end(error)
  // The running turn may have sent its last frame while its model is still finishing. Then "cancel the current turn"
  // means the next one in the queue.
  const next = id === undefined && running ? queue.firstRequest() : undefined
  queue.end(error, (request) => (id === undefined ? request === next : request.id === id))
}

/** A message that cannot become a turn keeps its place in the order: its error is not to be taken for another turn's. */
function admit(message: Waiting, dialect: Dialect, isOpen: (id: string) => boolean, draining: boolean): Waiting {
  if (message.id !== undefined && isOpen(message.id)) {
    const text = `The id ${JSON.stringify(message.id)} belongs to a turn that has not ended. Give every turn an id of its own.`
    const error = message.kind === 'refused' ? message.error : new DeltatapeError('invalid_input', text)
    // Without the id: whoever waits for the open turn must not take this for its end.
    return { kind: 'refused', error, messages: [dialect.complain(error)] }
  }
  return draining && message.kind === 'request' ? refusedFor(message, shuttingDown()) : message
}

const tooBusy = (waiting: number) =>
  new DeltatapeError(
    'busy',
    `On this connection a turn runs and ${waiting} wait, the most that MAX_QUEUED_TURNS allows. Send this one again when some have ended.`,
  )
