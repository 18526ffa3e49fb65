/** Throws where this Node is too old. It is plain JavaScript, and asks for nothing that such a Node lacks. */
import { readFileSync } from 'node:fs'
import { isCheckout } from './source.js'

const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const needed = engines.node.replace('>=', '')
const { node } = process.versions

if (node.localeCompare(needed, 'en', { numeric: true }) < 0) {
  const mend = isCheckout
    ? 'Run npm ci, which brings one for npm start and npx deltatape, or install a newer one.'
    : 'Install a newer one, and run this again.'
  const message = `deltatape needs Node ${needed} or newer, and this is ${node}. ${mend}`
  // As server/base/errors.ts makes them: nobody reads a stack.
  const error = Object.assign(new Error(message), { name: 'DeltatapeError', code: 'node_too_old' })
  error.stack = `DeltatapeError: ${message}`
  throw error
}
