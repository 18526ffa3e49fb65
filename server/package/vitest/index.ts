/** deltatape for vitest: the plugin for its configuration. What tests see of it is types alone. */
import type { Tape } from './tape.ts'
import type { Told } from './told.ts'

export type { Frame } from './frames.ts'
export type { DeltatapeOptions } from './options.ts'
export { deltatape } from './plugin.ts'
export type { Tape } from './tape.ts'
export type { Turn } from './told.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** What the workers are told of the server. */
    deltatape: Told
  }
  interface TestContext {
    /** What this test asks of the model, and how it is answered. */
    tape: Tape
  }
}

declare global {
  // oxlint-disable-next-line typescript/no-namespace -- the one place for matchers that every version of vitest looks at
  namespace Chai {
    interface Assertion {
      /** One turn of a chat: deltas, and then the one terminal frame that holds what they add up to. */
      toBeOneTurn(end?: 'message' | 'error'): void
      /** So many whole turns, one after another. */
      toBeTurns(count: number): void
      /** The frames that another client got, byte for byte where they are texts. */
      toReplay(other: readonly unknown[]): void
    }
  }
}
