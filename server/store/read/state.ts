/** What state fixtures are in: a look, and no reading. */
import { besideVersion } from './beside.ts'
import { type Driver, foundAt } from '../driver.ts'

/** The state of a fixture, and of what stands beside it. */
export interface State {
  readonly bytes: number
  /** Tells one state from the next. */
  readonly version: string
}

/** Makes what tells it. */
export function createStates(driver: Driver) {
  const own = (name: string): Promise<State | undefined> => foundAt(driver, name, 1)
  return {
    async of(name: string): Promise<State | undefined> {
      const state = await own(name)
      if (!state) return undefined
      const beside = await besideVersion(driver, name)
      return { bytes: state.bytes + beside.bytes, version: `${state.version} ${beside.version}` }
    },
    async stamp(name: string): Promise<string> {
      return (await own(name))?.version ?? 'absent'
    },
  }
}
