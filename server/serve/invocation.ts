/** What a user has run, as it is typed to run it again. */
import type { Environment } from '../base/variables.ts'

/** Test runners, by a variable that each sets for its tests. */
const RUNNERS: readonly (readonly [variable: string, command: string])[] = [
  ['VITEST', 'npx vitest run'],
  ['JEST_WORKER_ID', 'npx jest'],
  ['NODE_TEST_CONTEXT', 'node --test'],
]

/** The command of the run that an environment is of: an npm script, or else a test runner. `npm test` if it is neither. */
export function invocationIn(env: Environment): string {
  const script = env.npm_lifecycle_event
  if (script !== undefined && script !== 'npx' && script !== 'test') return `npm run ${script}`
  const runner = RUNNERS.find(([variable]) => env[variable] !== undefined)
  return script === 'test' || runner === undefined ? 'npm test' : runner[1]
}
