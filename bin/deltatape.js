#!/usr/bin/env node
/** The command `deltatape`. It is plain JavaScript: a Node too old for TypeScript can still say what is needed. */
import { readFileSync } from 'node:fs'

const { devEngines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const needed = devEngines.runtime.version.replace('>=', '')
const { node } = process.versions

if (node.localeCompare(needed, 'en', { numeric: true }) < 0) {
  process.stderr.write(
    `deltatape needs Node ${needed} or newer, and this is ${node}. Run npm ci, which brings one for npm start and npx deltatape, or install a newer one.\n`,
  )
  // As in server/base/errors.ts: a server could not start, or a command could not look.
  process.exitCode = process.argv[2] === 'serve' ? 1 : 2
} else {
  await import('../server/cli.ts')
}
