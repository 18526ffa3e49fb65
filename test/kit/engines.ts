/**
 * Engines that fixtures can be on, as `.ci/engines start` starts them: real ones, on this machine.
 *
 * ```ts
 * onEngine('redis', 'what Redis refuses', (placeOf) => {
 *   test('is told', async () => {
 *     const driver = openRedis({ place: placeOf(), … })
 * ```
 */
import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'

interface Engine {
  /** The variable with its address. S3's keys and endpoint stand in AWS's own variables. */
  readonly variable: string
  /** An address for FIXTURES, for somebody with a name of his own: a folder of a bucket, a prefix of keys, a table. */
  readonly place: (address: string, own: string) => string
}

const withQuery = (address: string, name: string, value: string): string => {
  const url = new URL(address)
  url.searchParams.set(name, value)
  return url.href
}

const ENGINES = {
  redis: { variable: 'TEST_REDIS', place: (address, own) => withQuery(address, 'prefix', own) },
  postgres: { variable: 'TEST_POSTGRES', place: (address, own) => withQuery(address, 'table', own) },
  s3: { variable: 'TEST_S3', place: (address, own) => `${address.replace(/\/$/, '')}/${own}` },
} as const satisfies Record<string, Engine>

export type EngineName = keyof typeof ENGINES

/** The address of an engine: of a server, or of a bucket. Undefined if there is none. */
export const engineAt = (engine: EngineName): string | undefined => process.env[ENGINES[engine].variable] || undefined

/**
 * Gives an address for FIXTURES that nobody else has. Whoever asks takes away what he has put there.
 *
 * @throws Error where the engine is not there
 */
function placeOn(engine: EngineName): string {
  const address = engineAt(engine)
  if (address === undefined) throw new Error(absenceOf(engine))
  return ENGINES[engine].place(address, `t${randomUUID().replaceAll('-', '').slice(0, 12)}`)
}

const absenceOf = (engine: EngineName): string => `there is no ${engine} engine (${ENGINES[engine].variable})`

/** Tests on an engine. Where it is not there they are skipped, and in CI they fail. */
export function onEngine(engine: EngineName, name: string, tests: (placeOf: () => string) => void): void {
  const here = engineAt(engine) !== undefined
  if (!here && process.env.CI) {
    test(name, () => expect.fail(`${absenceOf(engine)}: .ci/run starts it`))
    return
  }
  describe.skipIf(!here)(here ? name : `${name}: ${absenceOf(engine)}`, () => tests(() => placeOn(engine)))
}
