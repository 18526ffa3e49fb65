import { truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../server/base/clock.ts'
import { fileName } from '../../server/fixture/key.ts'
import { openDriver } from '../../server/store/open.ts'
import { onEngine } from '../kit/engines.ts'
import { runDeltatape, temporaryFolder } from '../kit/tools.ts'
import { filesIn, namesOn, recordingOf, textAt, writeTo } from '../upkeep/moving.ts'

onEngine('redis', 'push to Redis', (freshPlace) => {
  async function setUp() {
    const FIXTURES = freshPlace()
    const engine = openDriver({ fixturesDir: FIXTURES }, { clock: systemClock })
    onTestFinished(async () => {
      for await (const { entries } of engine.list()) for (const { name } of entries) await engine.remove(name)
      await engine.close()
    })
    return { engine, env: { FIXTURES }, dir: await temporaryFolder() }
  }

  test('copies what is here; another machine pulls it, and pushes what it makes of it', async () => {
    const { engine, env, dir } = await setUp()
    const one = await writeTo(dir, recordingOf('one', 'Hi'))
    const two = await writeTo(dir, recordingOf('two', 'Hi'), 'sub/two.jsonl')
    const as = fileName(recordingOf('two', 'Hi'))
    const would = await runDeltatape(['push', dir, '--dry-run'], { env })
    expect([would.code, await namesOn(engine)]).toEqual([1, []])
    const { code, out, err } = await runDeltatape(['push', dir], { env })
    expect([code, err]).toEqual([0, []])
    expect(out).toEqual([`${two} is ${as} there`, expect.stringMatching(/^Pushed 2 of 2 fixtures from \S+ to redis:/)])
    expect(await namesOn(engine)).toEqual([one, as].toSorted())

    const elsewhere = await temporaryFolder()
    await runDeltatape(['pull', elsewhere], { env })
    expect(await filesIn(elsewhere)).toEqual([one, as].toSorted())
    await writeTo(elsewhere, recordingOf('one', 'Anew'))
    expect((await runDeltatape(['push', elsewhere], { env })).code).toBe(0)
    expect(await textAt(engine, one)).toContain('Anew')
    const stale = await runDeltatape(['push', dir], { env })
    expect([stale.code, stale.err]).toEqual([1, [expect.stringContaining(`${one} was left: another one is there`)]])
    expect(await textAt(engine, one)).toContain('Anew')
  })

  test('leaves what is damaged, and says which line', async () => {
    const { engine, env, dir } = await setUp()
    const [one, two] = [await writeTo(dir, recordingOf('one', 'Hi')), await writeTo(dir, recordingOf('two', 'Hi'))]
    await truncate(join(dir, one), 900)
    const { code, out, err } = await runDeltatape(['push', dir, '--json'], { env })
    expect([code, err]).toEqual([1, []])
    expect(JSON.parse(out.join('\n'))).toMatchObject({
      moved: [two],
      left: [{ name: one, why: expect.stringMatching(new RegExp(`^${one}:\\d+: this fixture is damaged`)) }],
    })
    expect(await namesOn(engine)).toEqual([two])
  })

  test('says what is not there, and takes nothing away for it', async () => {
    const { env, dir } = await setUp()
    const missing = await runDeltatape(['push', join(dir, 'none')], { env })
    expect([missing.code, missing.err.join()]).toEqual([2, expect.stringContaining('There is no directory')])
    const empty = await runDeltatape(['push', dir, '--delete'], { env })
    expect([empty.code, empty.err.join()]).toEqual([2, expect.stringContaining('There are no fixtures in')])
  })
})
