import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../server/base/clock.ts'
import { parseFixture } from '../../server/fixture/file.ts'
import { openDriver } from '../../server/store/open.ts'
import { onEngine } from '../kit/engines.ts'
import { runDeltatape, temporaryFolder } from '../kit/tools.ts'
import { filesIn, namesOn, putOn, recordingOf, writeTo } from '../upkeep/moving.ts'

const PASSWORD = 'hunter22'

test('says what is wrong with the places, and shows no password', async () => {
  const env = { FIXTURES: `redis://:${PASSWORD}@127.0.0.1:1/0` }
  const runs = [
    await runDeltatape(['pull'], { env: { FIXTURES: 'fixtures' } }),
    await runDeltatape(['pull', 's3://bucket'], { env }),
    await runDeltatape(['pull'], { env: { FIXTURES: `gs://ada:${PASSWORD}@bucket` } }),
    await runDeltatape(['push', 'nowhere-at-all'], { env }),
    await runDeltatape(['pull', await temporaryFolder()], { env: { ...env, FIXTURES_TIMEOUT_MS: '5000' } }),
  ]
  expect(runs.map(({ code, out }) => [code, out])).toEqual(runs.map(() => [2, []]))
  const told = runs.map(({ err }) => err.join('\n'))
  expect(told[0]).toContain('FIXTURES="fixtures" is a directory')
  expect(told[0]).toContain('npx deltatape pull fixtures --fixtures s3://bucket/prefix')
  expect(told[1]).toContain('takes a directory of this machine, not s3://bucket')
  expect(told[2]).toContain('There is no engine for gs://')
  expect(told[3]).toContain('nowhere-at-all')
  expect(told[4]).toContain('redis://127.0.0.1:1/0')
  expect(told.join()).not.toContain(PASSWORD)
})

onEngine('redis', 'pull from Redis', (freshPlace) => {
  /** A place with fixtures in it, which is empty in the end. */
  async function setUp(count: number) {
    const FIXTURES = freshPlace()
    const engine = openDriver({ fixturesDir: FIXTURES }, { clock: systemClock })
    onTestFinished(async () => {
      for await (const { entries } of engine.list()) for (const { name } of entries) await engine.remove(name)
      await engine.close()
    })
    const inputs = Array.from({ length: count }, (_, index) => `question ${index}`)
    const names = await Promise.all(inputs.map((input) => putOn(engine, recordingOf(input, 'Hi'))))
    return { engine, names: names.toSorted(), env: { FIXTURES }, dir: await temporaryFolder() }
  }

  test('copies what is there, tells how much, and then that nothing differs', async () => {
    const { dir, env, names, engine } = await setUp(3)
    const would = await runDeltatape(['pull', dir, '--dry-run'], { env })
    expect([would.code, would.out.slice(0, 3)]).toEqual([1, names])
    const { code, out, err } = await runDeltatape(['pull', dir], { env })
    expect([code, err]).toEqual([0, []])
    expect(out).toEqual([expect.stringMatching(/^Pulled 3 of 3 fixtures from redis:\S+ to \S+ \([\d,]+ bytes\)\.$/)])
    const again = await runDeltatape(['pull', dir], { env })
    expect([again.code, again.out]).toEqual([0, [expect.stringMatching(/^Pulled 0 of 3 fixtures/)]])
    expect((await runDeltatape(['pull', dir, '--dry-run'], { env })).code).toBe(0)
    for (const name of names) parseFixture(await readFile(join(dir, name), 'utf8'), name)
    expect(await namesOn(engine)).toEqual(names)
  })

  test('is for the directory of FIXTURES_CACHE if none is named', async () => {
    const { dir, env, names } = await setUp(1)
    const { code, out } = await runDeltatape(['pull', '--json'], { env: { ...env, FIXTURES_CACHE: dir } })
    expect([code, JSON.parse(out.join('\n'))]).toEqual([
      0,
      expect.objectContaining({ fixtures: 1, moved: names, to: dir, left: [], removed: [], interrupted: false }),
    ])
    expect(await filesIn(dir)).toEqual(names)
  })

  test('leaves what is another one here, and says so', async () => {
    const { dir, env, names } = await setUp(2)
    await writeTo(dir, recordingOf('question 0', 'Ours'))
    const { code, err } = await runDeltatape(['pull', dir], { env })
    expect([code, err]).toEqual([1, [expect.stringContaining(`${names[0]} was left: there is another one here`)]])
    expect((await runDeltatape(['pull', dir, '--force'], { env })).code).toBe(0)
  })

  test('names twenty of those that it takes away, and tells how many more there are', async () => {
    const { dir, env, names } = await setUp(1)
    for (let index = 0; index < 25; index++) await writeTo(dir, recordingOf(`ours ${index}`, 'Hi'))
    const { code, out } = await runDeltatape(['pull', dir, '--delete'], { env })
    expect([code, await filesIn(dir)]).toEqual([0, names])
    expect(out.filter((line) => line.endsWith(' was removed'))).toHaveLength(20)
    expect(out).toContain('and 5 more')
  })

  test('after Ctrl-C says how to go on', async () => {
    const { dir, env } = await setUp(2)
    const interrupted = () => AbortSignal.abort()
    const { code, err } = await runDeltatape(['pull', dir], { env, interrupted })
    expect([code, err]).toEqual([2, [expect.stringContaining('The same command goes on.')]])
    expect((await runDeltatape(['pull', dir], { env })).code).toBe(0)
  })

  test('killed at any moment, it leaves whole files, and goes on the next time', async () => {
    const { dir, env, names } = await setUp(400)
    const child = spawn(process.execPath, ['bin/deltatape.js', 'pull', dir], { env: { ...process.env, ...env } })
    onTestFinished(() => void child.kill('SIGKILL'))
    await expect.poll(() => filesIn(dir), { interval: 2 }).not.toHaveLength(0)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const before = await filesIn(dir)
    for (const name of before) parseFixture(await readFile(join(dir, name), 'utf8'), name)
    const { code, out } = await runDeltatape(['pull', dir, '--json'], { env })
    expect(code).toBe(0)
    expect(await filesIn(dir)).toEqual(names)
    expect(JSON.parse(out.join('\n'))).toMatchObject({ fixtures: 400, left: [] })
    for (const name of names) parseFixture(await readFile(join(dir, name), 'utf8'), name)
  })
})
