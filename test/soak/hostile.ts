/** The command over files that nobody means well with: each sub-command ends in time, within its memory, without a stack. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { largeFiles } from '../kit/hostile.ts'
import type { Outcome } from './scenarios.ts'

/** How large the heap of the command may get, in MiB. */
const HEAP_MIB = 256

/** What hangs is ended after so long, in ms. */
const PATIENCE_MS = 60_000

interface Ran {
  readonly what: string
  readonly ms: number
  /** It ended as it should, with an exit code of its own. */
  readonly isWell: boolean
}

async function run(dir: string, what: string, args: readonly string[]): Promise<Ran> {
  const { PATH = '', HOME = '' } = process.env
  const env = { PATH, HOME, FIXTURES: dir, NODE_OPTIONS: `--max-old-space-size=${HEAP_MIB}` }
  const begun = performance.now()
  const child = spawn(process.execPath, ['server/cli.ts', ...args], { env, timeout: PATIENCE_MS })
  let err = ''
  child.stderr.on('data', (chunk) => (err += String(chunk)))
  child.stdout.resume()
  const [code] = await once(child, 'close')
  const isWell = [0, 1, 2].includes(code) && !/\n\s+at |deltatape itself/.test(err)
  return { what: `${args[0]} of ${what}`, ms: performance.now() - begun, isWell }
}

/**
 * Runs every sub-command that reads over each kind of file, and over all of them.
 *
 * @param size of each file, as {@link largeFiles} has it
 * @param mostMs how long one may take, in ms
 */
export async function hostile(size: number, mostMs: number): Promise<Outcome> {
  const dir = await mkdtemp(join(tmpdir(), 'deltatape-hostile-'))
  try {
    const ran: Ran[] = []
    const used = join(dir, 'used.log')
    for (const [what, make] of Object.entries(largeFiles(size))) {
      const { name, text } = make()
      await writeFile(join(dir, name), text)
      for (const command of ['show', 'diff']) {
        ran.push(await run(dir, what, command === 'show' ? [command, name] : [command, name, name]))
      }
      await writeFile(used, `${JSON.stringify({ used: name })}\n`)
    }
    for (const args of [['ls'], ['verify'], ['redact'], ['unused', used], ['record', '--dry-run']]) {
      ran.push(await run(dir, 'all', args))
    }
    const bad = ran.filter(({ isWell }) => !isWell).map(({ what }) => what)
    const slowest = ran.toSorted((a, b) => b.ms - a.ms)[0] ?? { what: 'none', ms: Infinity }
    return {
      figure: `${ran.length} runs within ${HEAP_MIB} MiB, the slowest ${Math.round(slowest.ms)} ms (${slowest.what})${bad.length > 0 ? `; not well: ${bad.join(', ')}` : ''}`,
      held: bad.length === 0 && slowest.ms < mostMs,
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}
