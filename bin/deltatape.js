#!/usr/bin/env node
/** The command `deltatape`. It is plain JavaScript: a Node too old for the rest can still say what is needed. */
import { isCheckout } from './source.js'

try {
  await import('./needed.js')
  await import(isCheckout ? '../server/cli.ts' : '../dist/cli.js')
} catch (error) {
  if (error.code !== 'node_too_old') throw error
  process.stderr.write(`${error.message}\n`)
  // As in server/base/errors.ts: a server could not start, or a command could not look.
  process.exitCode = process.argv[2] === 'serve' ? 1 : 2
}
