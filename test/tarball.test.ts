/** The package as it would be published: what is in it, and what a user finds who has installed it. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import { installed } from './kit/packed.ts'

const run = promisify(execFile)

test('the command of an installed package', async () => {
  const folder = await installed()
  const { stdout } = await run('npx', ['deltatape', '--version'], { cwd: folder })
  expect(stdout).toBe(`${manifest.version}\n`)
})
