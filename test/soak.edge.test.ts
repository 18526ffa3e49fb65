/** The soak in short: what has to hold whatever else the machine does. `npm run soak` looks at time and memory, too. */
import { describe, expect, test } from 'vitest'
import { smallDisk, twoRecorders, vanishing } from './soak/disks.ts'
import { edges } from './soak/edges.ts'
import { products } from './soak/limits.ts'
import { failureOverGood, folders } from './soak/folders.ts'
import { hostile } from './soak/hostile.ts'
import { replicas } from './soak/replicas.ts'
import { crowd, faults, junk, kills, leavers, sigterm, type Outcome } from './soak/scenarios.ts'

const WHATEVER = Infinity

describe.concurrent('in short', () => {
  test.each<[string, () => Promise<Outcome>]>([
    ['faults', () => faults(1)],
    ['junk', () => junk(5000, 500, WHATEVER)],
    ['crowd', () => crowd(50, 10, 1)],
    ['kills', () => kills(3)],
    ['a full disk', () => smallDisk('fill it')],
    ['a read-only disk', () => smallDisk('make it read-only')],
    ['a vanishing folder', vanishing],
    ['two recorders', () => twoRecorders(20)],
    ['folders', () => folders(2)],
    ['a failure and a good answer', () => failureOverGood(30)],
    ['leavers', () => leavers(20, WHATEVER)],
    ['edges', () => edges(1000, WHATEVER, WHATEVER)],
    ['products of limits', () => products(1, WHATEVER, WHATEVER)],
    ['hostile files', () => hostile(0.01, WHATEVER)],
    ['four servers on one store', () => replicas('redis', 24, 20, 150)],
    ['SIGTERM', () => sigterm(20, 300, WHATEVER)],
  ])('%s', async (_name, run) => {
    const { figure, held } = await run()
    expect(held, figure).toBe(true)
  })
})
