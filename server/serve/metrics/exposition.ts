/** What a scrape is answered: all numbers as text. The only file that knows the library, which is loaded when it is first asked. */
import type { Registry } from '@prometheus-io/client'
import type { Family } from './tally.ts'

export interface Exposition {
  readonly type: string
  readonly text: string
}

const load = () => import('@prometheus-io/client')

/** The numbers of the process. There is one, whatever runs in it: what watches it is begun once, and stays. */
let ofProcess: Promise<Registry> | undefined

async function watchProcess(): Promise<Registry> {
  const { Registry, collectDefaultMetrics } = await load()
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return registry
}

/** Writes what a scraper reads: numbers of ours, and those of the process. */
export async function expose(families: readonly Family[]): Promise<Exposition> {
  const { Registry } = await load()
  const own = Registry.aggregate([families.map((family) => ({ ...family, aggregator: 'first' }))])
  const all = Registry.merge([own, await (ofProcess ??= watchProcess())])
  return { type: all.contentType, text: await all.metrics() }
}
