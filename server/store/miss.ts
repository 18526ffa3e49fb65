/** What a call without a fixture is told: the nearest one, found in bounded work. */
import { type Clock, nextTurn } from '../base/clock.ts'
import { MissError } from '../base/errors.ts'
import { type Identity, NAME_KEY_CHARS, fileName } from '../fixture/key.ts'
import { explainMiss, shownName } from '../fixture/nearest.ts'
import { searchFor } from '../fixture/sketch.ts'
import type { Places } from '../fixture/places.ts'
import type { Redactor } from '../redact/redactor.ts'
import type { Driver } from './driver.ts'
import type { Finder } from './finder.ts'
import { passDamage, readEach } from './locator.ts'
import { AFTER_INDEX } from './names.ts'

/** How many fixtures are compared with one call: those that are named most alike. */
const MAX_COMPARED = 32

/** In how many folders they are looked for. */
const MAX_FOLDERS = 32

interface Parts {
  readonly driver: Driver
  readonly finder: Finder
  readonly redactor: Redactor
  readonly clock: Clock
  /** The directories of this machine. */
  readonly here: Places | undefined
  readonly howToRecord: string | undefined
}

/**
 * Explains why there is no fixture for a call.
 *
 * @throws DeltatapeError `fixture_invalid` where the fixtures cannot be looked at
 */
export async function missOf(identity: Identity, parts: Parts): Promise<MissError> {
  const { driver, finder, redactor, clock, here, howToRecord } = parts
  const wanted = fileName(identity)
  const { names, isAll } = await neighboursOf(wanted, driver, await foldersIn(parts))
  // All that share one look begin at the same moment: one after another.
  await nextTurn()
  const { read, damaged } = await readEach(names, finder.sketch, clock)
  const search = searchFor(identity)
  for (const sketch of read) {
    if (sketch.key === identity.key) {
      const told = `${shownName(sketch.name, redactor)} is the fixture for this request, and its name says otherwise. Rename it to ${wanted}.`
      return new MissError(told, wanted)
    }
    search.take(sketch)
  }
  await nextTurn()
  const nearest = search.nearest && (await finder.header(search.nearest.name).catch(passDamage))
  await nextTurn()
  const found = { nearest, damaged, compared: read.length, isAll, here, howToRecord }
  return new MissError(explainMiss(identity, found, redactor), wanted)
}

/** In a directory fixtures may lie in folders, each with a `/` at its end. */
async function foldersIn({ driver, finder }: Parts): Promise<readonly string[]> {
  if (driver.dir === undefined) return ['']
  const { folders } = await finder.look()
  return folders.slice(0, MAX_FOLDERS)
}

/** The names that begin with the same words, as many of them as there are; then those with fewer; then any. */
async function neighboursOf(wanted: string, driver: Driver, folders: readonly string[]) {
  const words = wanted.slice(0, -(NAME_KEY_CHARS + '-.jsonl'.length)).split('-')
  const found = new Set<string>()
  for (let count = words.length; count >= 0; count--) {
    const begin = words
      .slice(0, count)
      .map((word) => `${word}-`)
      .join('')
    for (const folder of folders) {
      const prefix = `${folder}${begin}`
      for await (const { entries } of driver.list(
        prefix,
        prefix === '' && driver.dir === undefined ? AFTER_INDEX : '',
      )) {
        for (const { name } of entries) {
          if (!name.endsWith('.jsonl')) continue
          if (found.size === MAX_COMPARED && !found.has(name)) return { names: [...found], isAll: false }
          found.add(name)
        }
      }
    }
  }
  return { names: [...found], isAll: true }
}
