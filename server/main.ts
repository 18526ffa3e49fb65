/** The process begins here: it makes sure of its Node before it loads anything that needs it. */
import manifest from '../package.json' with { type: 'json' }
import { keepHeapSmall } from './serve/heap.ts'

const needed = manifest.engines.node.replace('>=', '')

if (process.versions.node.localeCompare(needed, 'en', { numeric: true }) < 0) {
  process.stderr.write(
    `deltatape needs Node ${needed} or newer, and this is ${process.versions.node}. Run it with npm start after npm ci, which brings a Node of its own, or install a newer one.\n`,
  )
  process.exit(1)
}

keepHeapSmall()

// Only now: what is imported here may not even load on an older Node.
const { serve, withExitCode } = await import('./serve/process.ts')

await withExitCode(process, () => serve(process, process.env))
