/** The page about node:test, followed from the tarball. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readPage } from '../kit/docs.ts'
import { commandsOf, projectOf, runIn, standInApi } from './project.ts'

const MISS = `
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { greet } from './app.js'

test('makes nothing of it', async () => assert.equal(await greet('Bob'), 'Hello!'))
`

test('its tests are recorded, pass without a key, and the one that misses a fixture fails', async () => {
  const page = await readPage('docs/node-test.md')
  const folder = await projectOf(page, ['openai'])
  const [record = '', replay = '', named = ''] = commandsOf(page)

  const api = await standInApi()
  const recorded = await runIn(folder, record, api.env)
  expect(recorded.output).toMatch(/pass 1\n.*fail 0\n.*cancelled 0\n.*skipped 1/)
  expect([recorded.code, api.asked()]).toEqual([0, 1])

  const replayed = await runIn(folder, replay)
  expect(replayed.output).toMatch(/pass 2\n.*fail 0/)
  expect(replayed.code).toBe(0)

  await writeFile(join(folder, 'miss.test.js'), MISS)
  const missed = await runIn(folder, named)
  expect(missed.output).toMatch(/pass 2\n.*fail 1/)
  expect(missed.output).toMatch(/✖ makes nothing of it .*\n {2}Error: No fixture for this request/)
  expect(missed.code).toBe(1)
})
