/** Whether the fixtures can be used now, for those who send clients here (`GET /ready`). */
import type { Clock } from '../base/clock.ts'
import { type DeltatapeError, shuttingDown } from '../base/errors.ts'
import type { Mode } from '../model/mode.ts'
import { StoreError } from '../store/driver.ts'
import type { Store } from '../store/store.ts'
import { type Log, toldOf } from './log.ts'

/** Looks whether turns can be answered; gives the reason if they cannot. */
export type Readiness = () => Promise<DeltatapeError | undefined>

export interface ReadinessOptions {
  readonly mode: Mode
  readonly store: Pick<Store, 'check'>
  readonly clock: Clock
  readonly log: Log
  readonly isStopping: () => boolean
}

/** How long what was seen holds: however many ask, the engine is asked no more often. */
const FRESH_MS = 1000

/** How long somebody who asks waits for the engine. */
const PATIENCE_MS = 2000

/** What was seen, and when. */
interface Seen {
  readonly at: number
  readonly problem: DeltatapeError | undefined
}

export function createReadiness({ mode, store, clock, log, isStopping }: ReadinessOptions): Readiness {
  let seen: Seen | undefined
  let looking: Promise<Seen> | undefined
  const note = (problem: DeltatapeError | undefined): void => {
    if (problem?.code === seen?.problem?.code) return
    if (problem) log.warn(`not ready: ${problem.message}`, { code: problem.code })
    else log.info('ready again')
  }
  const look = async (): Promise<Seen> => {
    const problem = await store.check({ write: mode !== 'replay' }).then(
      () => undefined,
      (error: unknown) => toldOf(error, log),
    )
    note(problem)
    seen = { at: clock.now(), problem }
    looking = undefined
    return seen
  }
  return async () => {
    if (isStopping()) return shuttingDown()
    // What is not read cannot be away.
    if (mode === 'live') return undefined
    if (seen && clock.now() - seen.at < FRESH_MS) return seen.problem
    looking ??= look()
    const { promise: late, resolve } = Promise.withResolvers<Pick<Seen, 'problem'>>()
    const timer = clock.timer(PATIENCE_MS, () => resolve({ problem: tooSlow() }))
    const { problem } = await Promise.race([looking, late])
    timer.clear()
    return problem
  }
}

const tooSlow = () =>
  new StoreError(
    'store_away',
    `The place of the fixtures has not answered within ${PATIENCE_MS} ms. See whether it is up, and can be reached from here.`,
  )
