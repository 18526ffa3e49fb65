/** Where the data comes from: the server, or what an exported page holds. */
import type { Exported, PageData, View } from '../../server/serve/page/data.ts'
import { token } from './token.ts'

/** What the server says of a request that it refuses. */
export class RefusedError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'RefusedError'
    this.status = status
  }
}

/**
 * Asks for what is at a path below `/page`.
 *
 * @throws RefusedError with what the server says
 */
async function read<Path extends keyof PageData>(
  path: Path,
  query: Readonly<Record<string, string>> = {},
): Promise<PageData[Path]> {
  return (await answerAt(path, query)).json()
}

/** @throws RefusedError with what the server says */
async function answerAt(path: string, query: Readonly<Record<string, string>>): Promise<Response> {
  const response = await fetch(`page/${path}?${new URLSearchParams(query)}`, { headers: token.headers() })
  if (response.ok) return response
  const told: Told | undefined = await response.json().catch(() => undefined)
  throw new RefusedError(response.status, told?.error?.message ?? `The server answers ${response.status}.`)
}

/** How the server says why it refuses; nobody knows what others say, who may stand between. */
type Told = { readonly error?: { readonly message?: string } } | null

/** What this page holds if it was exported; undefined if a server serves it. */
export const exported: Exported | undefined = (() => {
  const text = document.querySelector('#data')?.textContent
  return text ? JSON.parse(text) : undefined
})()

export const source = {
  status: () => read('status'),
  rows: (after: string, limit: number) => read('fixtures', { after, limit: String(limit) }),
  search: (q: string) => read('search', { q }),
  view: async (name: string): Promise<View> => exported?.view ?? read('fixture', { name }),
  /** One HTML file that shows a fixture without a server. */
  export: async (name: string): Promise<Blob> => (await answerAt('export', { name })).blob(),
  compare: (name: string, other: string) => read('compare', { name, other }),
  compareWithGit: (name: string, revision: string) => read('compare', { name, revision }),
}
