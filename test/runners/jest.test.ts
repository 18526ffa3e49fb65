/** The page about Jest, followed from the tarball. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readPage } from '../kit/docs.ts'
import { JEST, addTo, lackOf } from './others.ts'
import { commandsOf, projectOf, runIn, standInApi } from './project.ts'

const MISS = `
const { greet } = require('./app.cjs')
test('makes nothing of it', async () => expect(await greet('Bob')).toBe('Hello!'))
`

test('its tests are recorded, pass without a key, and the one that misses a fixture fails', async ({ skip }) => {
  const lack = lackOf(JEST)
  skip(lack !== undefined, lack)
  const page = await readPage('docs/jest.md')
  const folder = await projectOf(page, ['openai'])
  await addTo(folder, JEST)
  const [record = '', replay = ''] = commandsOf(page)

  const api = await standInApi()
  const recorded = await runIn(folder, record, api.env)
  expect(recorded.output).toContain('2 passed, 2 total')
  expect([recorded.code, api.asked()]).toEqual([0, 1])

  await writeFile(join(folder, 'miss.test.cjs'), MISS)
  const replayed = await runIn(folder, replay)
  expect(replayed.output).toContain('1 failed, 2 passed, 3 total')
  expect(replayed.output).toMatch(/● makes nothing of it\n\n {4}No fixture for this request/)
  expect(replayed.code).toBe(1)
})
