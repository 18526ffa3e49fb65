/** Which deltatape this is, and which Node it needs. */
import { DeltatapeError } from './errors.ts'
import manifest from '../../package.json' with { type: 'json' }

export const VERSION: string = manifest.version

/** What the header `x-deltatape` says: which version answers, in which mode. */
export const whoAnswers = ({ mode }: { readonly mode: string }): string => `${VERSION} ${mode}`

/** @throws DeltatapeError `node_too_old` where what answers calls cannot run */
export function needNode({ node }: { readonly node: string } = process.versions): void {
  const needed = manifest.engines.node.replace('>=', '')
  if (node.localeCompare(needed, 'en', { numeric: true }) >= 0) return
  throw new DeltatapeError(
    'node_too_old',
    `deltatape needs Node ${needed} or newer, and this is ${node}. Install a newer one, and run this again.`,
  )
}
