/** The package as it is installed: what was built, without the sources beside it. */
import { spawnSync } from 'node:child_process'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import type { Lab } from './lab.ts'

/** What the command needs of the package. */
const PARTS = ['bin', 'dist', 'package.json']

/** Builds the package, and gives the path of its command. */
export async function packageIn(lab: Lab): Promise<string> {
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  })
  if (status !== 0) throw new Error('The package could not be built. Run npm run build to see why.')
  const folder = await lab.folder()
  for (const part of PARTS) await cp(part, join(folder, part), { recursive: true })
  return join(folder, 'bin/deltatape.js')
}
