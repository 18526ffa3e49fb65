/** What the sub-commands that ask for unused fixtures share. */
import { readFile } from 'node:fs/promises'
import { DeltatapeError, systemCode } from '../errors.ts'
import { checkStore } from '../directory.ts'
import type { Store } from '../store.ts'
import { findUnused, parseUsage, type Unused } from '../usage.ts'

/**
 * The fixtures that the runs which wrote these logs did not use, and the names of damaged ones, of which nothing is
 * known.
 *
 * @throws DeltatapeError `usage_unusable` or `fixtures_unusable`
 */
export async function gatherUnused(
  store: Store,
  files: readonly string[],
): Promise<{ unused: Unused[]; damaged: readonly string[] }> {
  await checkStore(store.dir, { write: false })
  const logs = await Promise.all(files.map(async (file) => parseUsage(await readLog(file), file)))
  const used = new Set(logs.flatMap((log) => [...log.used]))
  const missed = logs.flatMap((log) => log.missed)
  const { candidates, damaged } = await store.survey()
  return { unused: findUnused({ used, missed }, candidates), damaged }
}

async function readLog(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    const why = systemCode(cause)
    if (why === undefined) throw cause
    const message = `The usage log ${JSON.stringify(file)} cannot be read: ${why}. A server writes it with USAGE_LOG=${file}.`
    throw new DeltatapeError('usage_unusable', message, { cause })
  }
}

/** Says which files could not be looked into. */
export const describeDamaged = (damaged: readonly string[]): string =>
  `Damaged, and left alone: ${damaged.join(', ')}. deltatape verify says what is wrong.`
