import { randomUUID } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../server/base/clock.ts'
import { openDriver } from '../../server/store/open.ts'
import { inputAt } from '../answers.ts'
import type { Lab } from '../lab.ts'
import { libraryAnswer } from '../library.ts'
import { loadTurns } from '../load/turns.ts'
import { wireBytes } from '../load/websocket.ts'
import { type Bench, type Goal, type Scenario, atLeast, inTurn } from '../scenario.ts'
import { startDeltatape } from '../sides.ts'

const REPLICAS = 4
const CONNECTIONS = 8
const FIXTURES = 300

/** Enough for each server to ask for all twice (a first replay reads, a second looks for further takes), and how long what an engine said counts: the cache is fresh. In ms. */
const [WARM_MS, FRESH_MS] = [20_000, 600_000]

/** Engines that run already, by the variables that the tests have, too; each is held against the directory. */
const ENGINES: readonly { readonly name: string; readonly at: string | undefined; readonly goal?: Goal }[] = [
  { name: 'Redis', at: process.env.TEST_REDIS && `${process.env.TEST_REDIS}?prefix=`, goal: atLeast(0.8) },
  { name: 'S3', at: process.env.TEST_S3, goal: atLeast(0.5) },
]

/** Keys and endpoint of S3 stand in AWS's own variables. */
const FOR_S3 = Object.fromEntries(
  Object.entries(process.env).flatMap(([name, value]) => (name.startsWith('AWS_') && value ? [[name, value]] : [])),
)

export const replicas: Scenario = {
  name: 'replicas',
  about: 'four servers on one store, on the engines that TEST_REDIS and TEST_S3 name (.ci/engines starts some)',
  long: true,
  async run(bench) {
    const engines = ENGINES.flatMap(({ at, ...rest }) => (at ? [{ ...rest, place: `${at}bench-${randomUUID()}` }] : []))
    if (engines.length === 0) throw new Error('Set TEST_REDIS or TEST_S3 to an engine that runs.')
    const dir = await bench.library(FIXTURES)
    for (const { place } of engines) await copyTo(place, dir)
    try {
      const sides = [dir, ...engines.map(({ place }) => place)]
      const [directory = [], ...others] = await measured(bench, sides)
      const rows = engines.map(({ name, goal }, index) => ({
        what: `${name} vs a directory`,
        ours: others[index] ?? [],
        against: directory,
        ...(goal && { goal }),
      }))
      return [{ title: `${REPLICAS} servers on one store, ${FIXTURES} fixtures in turn`, unit: 'turns/s', rows }]
    } finally {
      for (const { place } of engines) await clear(place)
    }
  },
}

async function measured(bench: Bench, places: readonly string[]): Promise<number[][]> {
  const servers = []
  for (const place of places) servers.push(await startReplicas(bench.lab, place))
  const inputs = Array.from({ length: FIXTURES }, (_, index) => inputAt(index))
  const answerBytes = wireBytes(libraryAnswer(0).frames)
  const load = { path: '/ws-stream', connections: CONNECTIONS, inputs, answerBytes, windowMs: 2 * bench.windowMs }
  for (const { url } of servers.flat()) await loadTurns({ ...load, url, windowMs: WARM_MS / REPLICAS })
  const samples = await inTurn(
    { ...bench, rounds: Math.min(bench.rounds, 5) },
    'replicas',
    servers.map((side) => async () => {
      const found = await Promise.all(side.map(({ url }) => loadTurns({ ...load, url })))
      return found.reduce((sum, { turnsPerSecond }) => sum + turnsPerSecond, 0)
    }),
  )
  await Promise.all(servers.flat().map((server) => server.stop()))
  return samples
}

const startReplicas = (lab: Lab, place: string) =>
  Promise.all(
    Array.from({ length: REPLICAS }, () =>
      startDeltatape(lab, { ...FOR_S3, FIXTURES: place, FIXTURES_FRESH_MS: `${FRESH_MS}` }),
    ),
  )

const open = (place: string) => openDriver({ fixturesDir: place }, { clock: systemClock })

async function copyTo(place: string, dir: string): Promise<void> {
  const driver = open(place)
  for (const name of await readdir(dir)) await driver.put(name, await readFile(join(dir, name)))
  await driver.close()
}

async function clear(place: string): Promise<void> {
  const driver = open(place)
  for await (const { entries } of driver.list()) for (const { name } of entries) await driver.remove(name)
  await driver.close()
}
