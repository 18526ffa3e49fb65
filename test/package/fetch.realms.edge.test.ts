/** In a runner that gives each test file globals of its own, Node's errors are of another realm: they are errors there, too. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

test('a fetch is as it is elsewhere', async () => {
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--pool=vmThreads', 'test/package/fetch.test.ts']
  // It exits with 1 if a test failed, and that rejects with what it wrote.
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...process.env, NO_COLOR: '1' } })
  expect(stdout).toMatch(/Tests {2}\d+ passed/)
})
