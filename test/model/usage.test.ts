/** The log of what is used, and of what has no fixture. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { logUsage, openUsageLog } from '../../server/model/usage.ts'
import { UnansweredError } from '../../server/model/model.ts'
import { createFetch } from '../../server/package/fetch.ts'
import { readConfig } from '../../server/serve/config.ts'
import { parseUsage } from '../../server/store/usage.ts'
import { compose, steps, words } from '../kit/answers.ts'
import {
  drain,
  liveFrom,
  modelFor,
  openTestStore,
  recordInto,
  runServer,
  runStandIn,
  temporaryFolder,
} from '../kit/tools.ts'

/** As a chat asks it. */
const ADA = { model: 'gpt-4.1-mini', input: 'My name is Ada.' }
const good = { steps: steps(compose('x').text(words('Hi')).completed()) }

async function setUp(more: Record<string, string> = {}) {
  const file = join(await temporaryFolder(), 'used.jsonl')
  const config = readConfig({ USAGE_LOG: file, FIXTURES: 'fixtures', ...more })
  return { file, config, usage: async () => parseUsage(await readFile(file, 'utf8'), file) }
}

describe('a model with a usage log', () => {
  test('adds what it replays, and what it cannot', async () => {
    const { config, usage } = await setUp()
    const model = modelFor(config)
    const { events } = await drain(model, ADA)
    expect(events.length).toBeGreaterThan(0)
    // The line is there while the process runs: nothing has to be closed.
    expect([...(await usage()).used]).toEqual([expect.stringMatching(/^my-name-is-ada-/)])
    const { error } = await drain(model, { ...ADA, input: 'My name is Bob.' })
    expect(error).toMatchObject({ code: 'fixture_miss' })
    expect((await usage()).missed).toEqual([
      { missed: expect.stringMatching(/^my-name-is-bob-/), members: expect.any(Object), input: 'My name is Bob.' },
    ])
  })

  test('adds what it records, when the fixture is there', async () => {
    const gate = Promise.withResolvers<void>()
    const standIn = await runStandIn(() => ({ steps: [...good.steps, { until: gate.promise }] }))
    const dir = await temporaryFolder()
    const { config, usage } = await setUp({
      MODEL_MODE: 'auto',
      OPENAI_API_KEY: 'sk-x',
      OPENAI_BASE_URL: standIn.url,
      FIXTURES: dir,
    })
    const draining = drain(modelFor(config), ADA)
    while (standIn.calls.length === 0) await new Promise((resolve) => setImmediate(resolve))
    expect((await usage()).used.size).toBe(0)
    gate.resolve()
    await draining
    expect([...(await usage()).used]).toEqual(await openTestStore(dir).list())
    expect((await usage()).missed).toEqual([])
  })

  test('adds what it records of an API that cannot be reached', async () => {
    const { file, usage } = await setUp()
    const store = openTestStore(await temporaryFolder())
    const unreachable = liveFrom(await runStandIn(() => ({ instead: 'reset' })))
    const model = logUsage(recordInto(store, unreachable, { recordFailures: true }), store, openUsageLog(file))
    expect((await drain(model, ADA)).error).toBeInstanceOf(UnansweredError)
    expect([...(await usage()).used]).toEqual(await store.list())
  })

  test('adds nothing of a call that uses no fixture, and passes on what fails', async () => {
    const { file, usage } = await setUp()
    const store = openTestStore(await temporaryFolder())
    const model = logUsage(liveFrom(await runStandIn(() => good)), store, openUsageLog(file))
    expect((await drain(model, ADA)).events.length).toBeGreaterThan(0)
    const broken = logUsage(liveFrom(await runStandIn(() => ({ instead: 'reset' }))), store, openUsageLog(file))
    expect((await drain(broken, ADA)).error).toMatchObject({ code: 'upstream_unreachable' })
    const { used, missed } = await usage()
    expect([used.size, missed]).toEqual([0, []])
  })

  test('passes on what became of the fixture, and the answer as it is', async () => {
    const { config } = await setUp()
    const logged = await drain(modelFor(config), ADA)
    const plain = await drain(modelFor({ ...config, usageLog: undefined }), ADA)
    expect(logged).toEqual(plain)
    expect(logged.action).toMatchObject({ kind: 'hit' })
  })

  test('works in process, too', async () => {
    const { config, usage } = await setUp()
    await createFetch({ usageLog: config.usageLog })('https://api.openai.com/v1/responses', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...ADA, stream: true }),
    })
    expect((await usage()).used.size).toBe(1)
  })

  test('cannot start if the log cannot be written', async () => {
    await expect(runServer({ USAGE_LOG: join('nowhere', 'used.jsonl') })).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringMatching(
        /USAGE_LOG: ".*" cannot be written: ENOENT\. Name a file that this process can write\.$/,
      ),
    })
  })
})

test('several processes write to one log, and nothing is lost when they are killed', async () => {
  const file = join(await temporaryFolder(), 'used.jsonl')
  await writeFile(file, '')
  const script = `
    const { openUsageLog } = await import('./server/model/usage.ts')
    const { usedLine } = await import('./server/store/usage.ts')
    const append = openUsageLog(process.argv[1])
    for (let count = 0; count < 300; count++) append(usedLine(process.argv[2] + '-' + count + '-' + 'x'.repeat(200)))
    process.kill(process.pid, 'SIGKILL')`
  const children = ['a', 'b', 'c'].map((name) =>
    spawn(process.execPath, ['--input-type=module', '-e', script, file, name]),
  )
  await Promise.all(children.map((child) => once(child, 'close')))
  expect(parseUsage(await readFile(file, 'utf8'), file).used.size).toBe(900)
})
