/** The page about Playwright, followed from the tarball. */
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freePort } from '../kit/ports.ts'
import { readPage } from '../kit/docs.ts'
import { CHROMIUM, PLAYWRIGHT, addTo, lackOf } from './others.ts'
import { commandsOf, projectOf, runIn, standInApi } from './project.ts'

const MISS = `
import { expect, test } from './tape.js'
test('makes nothing of it', async ({ request }) => {
  expect(await (await request.get('/greet/Bob')).text()).toBe('Hello!')
})
`

test('its tests are recorded, pass without a key, and the one that misses a fixture fails', async ({ skip }) => {
  const lack = lackOf(PLAYWRIGHT)
  skip(lack !== undefined, lack)
  // Other ports than those of the page may be taken here, and the browser is that of this machine.
  const page = (await readPage('docs/playwright.md'))
    .replaceAll('4010', await freePort())
    .replaceAll('4011', await freePort())
    .replace(
      'use: { baseURL: app }',
      `use: { baseURL: app, launchOptions: { executablePath: '${CHROMIUM}', args: ['--no-sandbox'] } }`,
    )
  const folder = await projectOf(page, ['openai'])
  await addTo(folder, PLAYWRIGHT)
  if (CHROMIUM === undefined) await rm(join(folder, 'e2e/page.spec.js'))
  const inPage = CHROMIUM === undefined ? 0 : 1
  const [record = '', replay = ''] = commandsOf(page)

  const api = await standInApi()
  const recorded = await runIn(folder, record, api.env)
  expect(recorded.output).toContain('1 skipped')
  expect(recorded.output).toContain(`${inPage + 1} passed`)
  expect([recorded.code, api.asked()]).toEqual([0, inPage + 1])

  await writeFile(join(folder, 'e2e/miss.spec.js'), MISS)
  const replayed = await runIn(folder, replay)
  expect(replayed.output).toContain(`${inPage + 2} passed`)
  expect(replayed.output).toMatch(/1 failed\n.*makes nothing of it/)
  expect(replayed.output).toMatch(/Error: No fixture for this request/)
  expect(replayed.code).toBe(1)
})
