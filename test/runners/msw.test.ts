/** The page about msw, followed from the tarball. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readPage } from '../kit/docs.ts'
import { commandsOf, projectOf, runIn, standInApi } from './project.ts'

test('its tests are recorded, and pass without a network', async () => {
  const page = await readPage('docs/msw.md')
  const folder = await projectOf(page, ['msw', 'openai', 'vitest'], { vitest: 'vitest/vitest.mjs' })
  const [record = '', replay = ''] = commandsOf(page)

  const api = await standInApi()
  const recorded = await runIn(folder, record, api.env)
  expect(recorded.output).toContain('1 passed | 1 skipped')
  expect([recorded.code, api.asked()]).toEqual([0, 1])
  expect(await readdir(join(folder, 'fixtures'))).toHaveLength(1)

  const replayed = await runIn(folder, replay)
  expect(replayed.output).toContain('2 passed')
  expect(replayed.code).toBe(0)
})
