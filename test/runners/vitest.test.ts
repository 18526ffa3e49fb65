/** The page about vitest, followed from the tarball. */
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readPage } from '../kit/docs.ts'
import { blocksOf, commandsOf, projectOf, runIn, standInApi } from './project.ts'

const BINS = { vitest: 'vitest/vitest.mjs' }

/** Several processes, each of which takes its time on a busy machine. */
const PATIENCE_MS = 400_000

test(
  'it is recorded once, passes without a network, and shows a miss as the page does',
  { timeout: PATIENCE_MS },
  async () => {
    const page = await readPage('docs/vitest.md')
    const folder = await projectOf(page, ['openai', 'vitest'], BINS)
    const [record = '', replay = ''] = commandsOf(page)
    expect([record, replay]).toEqual([expect.stringContaining('MODEL_MODE=record'), 'npx vitest run'])

    const api = await standInApi()
    const recorded = await runIn(folder, record, api.env)
    expect(recorded.output).toContain('deltatape: recorded: 1 saved')
    expect([recorded.code, api.asked()], recorded.output).toEqual([0, 2])
    expect(await readdir(join(folder, 'fixtures'))).toHaveLength(1)

    const replayed = await runIn(folder, replay)
    expect(replayed.output).toContain('3 passed')
    expect(replayed.code).toBe(0)

    const file = join(folder, 'test/chat.test.ts')
    await writeFile(file, (await readFile(file, 'utf8')).replace("greet('Ada')", "greet('Bob')"))
    const changed = await runIn(folder, replay)
    expect(changed.code).toBe(1)
    const [shown = ''] = blocksOf(page).flatMap(({ language, code }) => (language === 'console' ? [code] : []))
    expect(changed.output).toContain(shown.split('\n').slice(2).join('\n').trimEnd())
  },
)

test('deltatape run around it: the plugin answers, and does what it is told', { timeout: PATIENCE_MS }, async () => {
  const page = await readPage('docs/vitest.md')
  const folder = await projectOf(page, ['openai', 'vitest'], BINS)
  const api = await standInApi()
  const record = 'npx deltatape run --mode record -- npx vitest run'
  const recorded = await runIn(folder, record, { ...api.env, OPENAI_API_KEY: 'sk-stand-in' })
  expect([recorded.code, api.asked()], recorded.output).toEqual([0, 2])
  expect(await readdir(join(folder, 'fixtures'))).toHaveLength(1)

  const replayed = await runIn(folder, 'npx deltatape run --unused fail -- npx vitest run')
  expect(replayed.code, replayed.output).toBe(0)

  const file = join(folder, 'test/chat.test.ts')
  await writeFile(file, (await readFile(file, 'utf8')).replace("greet('Ada')", "greet('Bob')"))
  const changed = await runIn(folder, 'npx deltatape run -- npx vitest run')
  expect([changed.code, changed.output.match(/FixtureMiss/g)?.length]).toEqual([1, 1])
})
