/** What is to hold without a test: the layout, the lint, the types, and the fixtures that are here. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import pLimit from 'p-limit'

/** The slowest first. */
const CHECKS = [
  'prettier --check --cache --log-level warn .',
  // Several checkers would take a core each, and look at most types again.
  'tsc --checkers 1',
  'tsc --checkers 1 -p web',
  'oxlint',
  'node server/cli.ts verify',
]

/** As many as a small machine has cores. */
const together = pLimit(2)

const failed: string[] = []
await together.map(CHECKS, async (command) => {
  const [code] = await once(spawn(command, { shell: true, stdio: 'inherit' }), 'exit')
  if (code !== 0) failed.push(command)
})
if (failed.length > 0) {
  console.error(`What does not hold was found by: ${failed.join(', ')}`)
  process.exitCode = 1
}
