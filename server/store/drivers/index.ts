/** The table of drivers, by the scheme of FIXTURES. */
import type { OpenDriver } from '../driver.ts'
import { type Scheme, isScheme, schemeOf } from '../place.ts'
import { openDirectory } from './directory.ts'
import { openPostgres } from './postgres.ts'
import { openRedis } from './redis.ts'
import { openS3 } from './s3.ts'

const DRIVERS: Readonly<Record<Scheme, OpenDriver>> = {
  's3:': openS3,
  'redis:': openRedis,
  'rediss:': openRedis,
  'postgres:': openPostgres,
  'postgresql:': openPostgres,
}

/** The driver for a value of FIXTURES; undefined if no engine has its scheme. What has no scheme is a directory. */
export function driverFor(place: string): OpenDriver | undefined {
  const scheme = schemeOf(place)
  if (scheme === undefined) return openDirectory
  return isScheme(scheme) ? DRIVERS[scheme] : undefined
}
