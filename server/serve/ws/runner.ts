/** Runs the turns of one connection, one after another. */
import type { RefusedMessage, TurnRequest } from './dialect.ts'
import type { Queue, Waiting } from './queue.ts'
import type { RunningTurn } from './turn.ts'

export interface Runner {
  /** Runs a request, and what waits in the queue by then. Not to be called while something is being run. */
  run(first: TurnRequest): void
  /** Whether something is being run. Between two turns none is running. */
  isBusy(): boolean
  /** The turn that runs. */
  running(): RunningTurn | undefined
  /** Resolves when all has been run. */
  idle(): Promise<void>
}

export interface RunnerOptions {
  readonly queue: Queue
  readonly start: (request: TurnRequest) => RunningTurn
  /** Answers a message that was refused; gives a promise if the client has to read first. */
  readonly answer: (message: RefusedMessage) => Promise<void> | undefined
}

export function createRunner({ queue, start, answer }: RunnerOptions): Runner {
  let running: RunningTurn | undefined
  let busy = false
  let idle = Promise.resolve()

  const runAll = async (first: TurnRequest): Promise<void> => {
    busy = true
    for (let next: Waiting | undefined = first; next; next = queue.next()) {
      running = next.kind === 'request' ? start(next) : undefined
      await (next.kind === 'request' ? running?.finished : answer(next))
    }
    running = undefined
    busy = false
  }
  return {
    run: (first) => void (idle = runAll(first)),
    isBusy: () => busy,
    running: () => running,
    idle: () => idle,
  }
}
