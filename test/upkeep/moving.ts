/** Fixtures in a directory and on an engine, to be moved from one to the other. */
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { any } from '../../server/api/any.ts'
import { systemClock } from '../../server/base/clock.ts'
import { besideOf } from '../../server/fixture/beside.ts'
import { formatFixture } from '../../server/fixture/file.ts'
import type { Fixture } from '../../server/fixture/fixture.ts'
import { fileName, identify } from '../../server/fixture/key.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { type Driver, wholeOf } from '../../server/store/driver.ts'
import { openDirectory } from '../../server/store/drivers/directory.ts'
import { copiesIn } from '../../server/store/open.ts'
import type { Job } from '../../server/upkeep/transfer.ts'
import { compose, words } from '../kit/answers.ts'
import { STREAM, callOf, toRecords } from '../kit/calls.ts'
import { temporaryFolder } from '../kit/tools.ts'
import { type TestEngine, inMemory, unreliable } from '../store/engine.ts'

const recorded = { at: '2026-11-24T10:00:00.000Z', upstream: 'stand-in' }

/** The recording of a call. One that broke is a failure. */
export function recordingOf(input: string, text: string, end: 'complete' | 'reset' = 'complete'): Fixture {
  const records = toRecords(compose(text).text(words(text)).completed())
  const whole = end === 'complete' ? records : records.slice(0, 3)
  const identity = identify(callOf({ model: 'm', input }), createRedactor())
  return { ...identity, response: STREAM, responseId: text, recorded, records: whole, ending: { end }, endedAt: 900 }
}

/** The recording of a large body, which stands beside its fixture. */
export function soundOf(seed: number): Fixture {
  const wire = Uint8Array.from({ length: 1_000_000 }, (_byte, index) => (index * seed) % 256)
  const identity = identify(callOf({ input: 'Speak' }, { api: any, path: '/v1/speak' }), createRedactor())
  const response = { status: 200, headers: [['content-type', 'audio/mpeg']], framing: 'text' } as const
  return { ...identity, response, recorded, records: [{ at: 1, wire }], ending: { end: 'complete' }, endedAt: 2 }
}

/** Writes a fixture into a directory, under its own name if no other is given. */
export async function writeTo(dir: string, fixture: Fixture, name = fileName(fixture)): Promise<string> {
  const path = join(dir, name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, formatFixture(fixture))
  const beside = besideOf(fixture)
  if (beside) await writeFile(path.replace(/jsonl$/, 'bin'), beside)
  return name
}

/** Puts a fixture on an engine, as another machine would. */
export async function putOn(engine: Driver, fixture: Fixture): Promise<string> {
  const name = fileName(fixture)
  await engine.put(name, Buffer.from(formatFixture(fixture)))
  return name
}

export const textAt = async (driver: Driver, name: string): Promise<string | undefined> => {
  const got = await driver.get(name)
  return typeof got === 'object' ? (await wholeOf(got)).toString() : got
}

export async function namesOn(driver: Driver): Promise<string[]> {
  const names: string[] = []
  for await (const { entries } of driver.list()) names.push(...entries.map(({ name }) => name))
  return names.filter((name) => !name.startsWith('.'))
}

export const filesIn = async (dir: string): Promise<string[]> => {
  const names = await readdir(dir, { recursive: true })
  return names.filter((name) => /^[^.].*\.(?:jsonl|bin)$/.test(name)).toSorted()
}

interface Setting {
  readonly dir: string
  /** What others see of the engine. */
  readonly inner: Driver
  readonly engine: TestEngine
  /** A job of a process of its own. */
  job(more?: Partial<Job>): Job
}

/** A directory and an engine, empty both. */
export async function setUp(inner: Driver = inMemory(), dir?: string): Promise<Setting> {
  const folder = dir ?? (await temporaryFolder())
  const engine = unreliable(inner)
  return {
    dir: folder,
    inner,
    engine,
    job(more = {}) {
      engine.asked.length = 0
      return {
        engine,
        directory: openDirectory({ place: folder, clock: systemClock, timeoutMs: 1000 }),
        copies: copiesIn(folder, engine, systemClock),
        dryRun: false,
        force: false,
        prune: false,
        signal: new AbortController().signal,
        progress: () => ({ step() {}, stop() {} }),
        ...more,
      }
    },
  }
}
