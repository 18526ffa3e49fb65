/** Starts what is measured, and what it is measured against. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Answer } from './answers.ts'
import type { Lab, Running } from './lab.ts'

/** Starts deltatape as its users do. */
export const startDeltatape = (lab: Lab, env: Readonly<Record<string, string>>): Promise<Running> =>
  lab.start(['bin/deltatape.js', 'serve'], { PORT: '0', ...env })

/** Starts one of the raw servers, which sends this text. */
export async function startRaw(lab: Lab, name: 'corked' | 'plain' | 'one-piece', text: string): Promise<Running> {
  const file = join(await lab.folder(), 'text')
  await writeFile(file, text)
  return lab.start([`bench/peers/${name}.ts`, file])
}

/** Starts the stand-in for the API. */
export const startUpstream = (lab: Lab): Promise<Running> => lab.start(['bench/peers/upstream.ts'])

const AIMOCK = 'bench/node_modules/@copilotkit/aimock/dist/cli.js'

/** Makes sure that aimock is there; it is not among what the users of deltatape install. */
export function installAimock(): void {
  if (existsSync(AIMOCK)) return
  process.stderr.write('Installing aimock, once: npm ci --prefix bench\n')
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: 'bench',
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  })
  if (status !== 0 || !existsSync(AIMOCK)) {
    throw new Error('aimock could not be installed. Run npm ci --prefix bench, or choose scenarios other than sse.')
  }
}

/**
 * Starts aimock with one answer.
 *
 * @param chunkSize characters in a delta; its own default where it is not given
 */
export async function startAimock(lab: Lab, { input, text }: Answer, chunkSize?: number): Promise<Running> {
  const file = join(await lab.folder(), 'fixtures.json')
  const fixture = { match: { userMessage: input }, response: { content: text } }
  await writeFile(file, JSON.stringify({ fixtures: [fixture] }))
  return lab.start([AIMOCK, '-p', '0', '-f', file, ...(chunkSize === undefined ? [] : ['-c', String(chunkSize)])])
}
