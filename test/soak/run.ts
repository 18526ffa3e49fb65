/** Runs every scenario at full size and prints its figure; minutes. Exit code 1 where one did not hold. */
import { agents } from './agents.ts'
import { smallDisk, twoRecorders, vanishing } from './disks.ts'
import { edges } from './edges.ts'
import { products } from './limits.ts'
import { failureOverGood, folders } from './folders.ts'
import { hostile } from './hostile.ts'
import { replicas } from './replicas.ts'
import { crowd, faults, junk, kills, leavers, sigterm, slowReader, type Outcome } from './scenarios.ts'
import { upstreams } from './upstreams.ts'

const scenarios: Readonly<Record<string, () => Promise<Outcome>>> = {
  upstreams,
  'faults on purpose': () => faults(5),
  junk: () => junk(1_000_000, 100_000, 1.2),
  crowd: () => crowd(2000, 200, 60),
  kills: () => kills(100),
  'full disk': () => smallDisk('fill it'),
  'read-only disk': () => smallDisk('make it read-only'),
  'vanishing folder': vanishing,
  'two recorders': () => twoRecorders(200),
  folders: () => folders(50),
  'a failure and a good answer': () => failureOverGood(2000),
  'slow reader': () => slowReader(100_000_000, 16 * 2 ** 20),
  leavers: () => leavers(1000, 100),
  edges: () => edges(10_000, 512 * 2 ** 20, 100),
  'products of limits': () => products(10, 100, 1.2),
  'hostile files': () => hostile(1, 10_000),
  agents,
  'four servers on Redis': () => replicas('redis', 200, 200, 4000),
  'four servers on PostgreSQL': () => replicas('postgres', 200, 200, 4000),
  'four servers on S3': () => replicas('s3', 200, 200, 4000),
  sigterm: () => sigterm(200, 2000, 1000),
}

const only = process.argv.slice(2)
for (const [name, run] of Object.entries(scenarios)) {
  if (only.length > 0 && !only.includes(name)) continue
  const { figure, held } = await run()
  process.stdout.write(`${held ? 'held  ' : 'BROKEN'} ${name}: ${figure}\n`)
  if (!held) process.exitCode = 1
}
