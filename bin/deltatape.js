#!/usr/bin/env node
/** The command `deltatape`. It is plain JavaScript: a Node too old for the rest can still say what is needed. */
import { existsSync, readFileSync } from 'node:fs'

const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const needed = engines.node.replace('>=', '')
const { node } = process.versions

/** What a checkout has, and a package has not. */
const source = new URL('../server/cli.ts', import.meta.url)
const isCheckout = existsSync(source)

if (node.localeCompare(needed, 'en', { numeric: true }) < 0) {
  const mend = isCheckout
    ? 'Run npm ci, which brings one for npm start and npx deltatape, or install a newer one.'
    : 'Install a newer one, and run this again.'
  process.stderr.write(`deltatape needs Node ${needed} or newer, and this is ${node}. ${mend}\n`)
  // As in server/base/errors.ts: a server could not start, or a command could not look.
  process.exitCode = process.argv[2] === 'serve' ? 1 : 2
} else {
  await import(isCheckout ? source.href : new URL('../dist/cli.js', import.meta.url).href)
}
