/** What a user has run, as it is typed to run it again. */
import { managerIn, runnerIn } from '../base/command-line.ts'
import type { Environment } from '../base/variables.ts'

/** Test runners that are commands of packages, by a variable that each sets for its tests. */
const RUNNERS: readonly (readonly [variable: string, command: string])[] = [
  ['VITEST', 'vitest run'],
  ['JEST_WORKER_ID', 'jest'],
]

/** The command of the run that an environment is of: a script of the project, or else a test runner. `npm test` if it is neither. */
export function invocationIn(env: Environment): string {
  const script = env.npm_lifecycle_event
  const manager = managerIn(env)
  if (script !== undefined && script !== 'npx' && script !== 'test') return `${manager} run ${script}`
  // What `bun test` runs is no script.
  const testing = manager === 'bun' ? 'bun run test' : `${manager} test`
  if (script === 'test') return testing
  const runner = RUNNERS.find(([variable]) => env[variable] !== undefined)
  if (runner) return `${runnerIn(env)} ${runner[1]}`
  return env.NODE_TEST_CONTEXT === undefined ? testing : 'node --test'
}
