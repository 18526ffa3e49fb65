/** The places that fixtures may be in: a directory, and each engine that is there. What is true of one is true of all. */
import { createClient } from 'redis'
import postgres from 'postgres'
import { describe, onTestFinished } from 'vitest'
import { systemClock } from '../../server/base/clock.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import type { Driver } from '../../server/store/driver.ts'
import { openDriver } from '../../server/store/open.ts'
import { type Store, openStore } from '../../server/store/store.ts'
import { emptyBucket } from '../kit/bucket.ts'
import { type EngineName, onEngine } from '../kit/engines.ts'
import { temporaryFolder } from '../kit/tools.ts'

/** A value of FIXTURES where nothing is yet, and where nothing is left after the test. */
export type FreshPlace = () => Promise<string>

/** Takes away all that an engine has of a place. */
const EMPTY: Readonly<Record<EngineName, (place: string) => Promise<void>>> = {
  async redis(place) {
    const [url = ''] = place.split('?')
    const client = await createClient({ url }).connect()
    const prefix = new URL(place).searchParams.get('prefix')
    for await (const keys of client.scanIterator({ MATCH: `{${prefix}}:*`, COUNT: 1000 }))
      if (keys.length > 0) await client.unlink(keys)
    client.destroy()
  },
  async postgres(place) {
    const sql = postgres(place.split('?')[0] ?? '', { max: 1, onnotice: () => {} })
    await sql`drop table if exists ${sql(new URL(place).searchParams.get('table') ?? '')}`
    await sql.end()
  },
  s3: emptyBucket,
}

/** Tests on the engines alone. */
export function onEngines(name: string, tests: (fresh: FreshPlace, engine: EngineName) => void): void {
  for (const engine of ['redis', 'postgres', 's3'] as const)
    onEngine(engine, `${name}, on ${engine}`, (placeOf) =>
      tests(async () => {
        const place = placeOf()
        onTestFinished(() => EMPTY[engine](place))
        return place
      }, engine),
    )
}

export function onPlaces(name: string, tests: (fresh: FreshPlace, engine: EngineName | 'directory') => void): void {
  describe(`${name}, in a directory`, () => tests(temporaryFolder, 'directory'))
  onEngines(name, tests)
}

/** A driver as another machine would open it, which goes with the test. */
export function driverOn(place: string, mode = 'record'): Driver {
  const driver = openDriver({ fixturesDir: place, mode, fixturesTimeoutMs: 30_000 }, { clock: systemClock })
  onTestFinished(() => driver.close())
  return driver
}

export const storeOver = (driver: Driver): Store =>
  openStore({ driver, redactor: createRedactor(), clock: systemClock })

/** The store of a machine of its own. */
export const machineOn = (place: string, wrap: (driver: Driver) => Driver = (driver) => driver): Store =>
  storeOver(wrap(driverOn(place)))

/** The names of all objects in a place, those of an index, too. */
export async function objectsIn(place: string): Promise<string[]> {
  const names: string[] = []
  for await (const { entries } of driverOn(place).list()) names.push(...entries.map(({ name }) => name))
  return names
}
