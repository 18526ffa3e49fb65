import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../server/base/clock.ts'
import { openFixtures } from '../../server/store/index.ts'
import { compose, words } from '../kit/answers.ts'
import { STREAM, callOf, toRecords } from '../kit/calls.ts'
import { runDeltatape, temporaryFolder } from '../kit/tools.ts'

type Json = Readonly<Record<string, unknown>>

/** A directory of fixtures, and a file of rules that may change. */
async function setUp(match?: unknown) {
  const dir = await temporaryFolder()
  const config = join(await temporaryFolder(), 'rules.json')
  const say = (rules: unknown) => writeFile(config, JSON.stringify({ redact: [], ...(rules ? { match: rules } : {}) }))
  await say(match)
  const open = () =>
    openFixtures({ fixturesDir: dir, configFile: config, apiKey: undefined, authToken: undefined }, systemClock, {
      here: { cwd: '/home/ada/shop', home: '/home/ada', tmp: '/tmp' },
    })
  const save = async (body: Json, id: string) => {
    const { store } = open()
    await store.save({
      ...(await store.identify(callOf(body))),
      response: STREAM,
      responseId: `resp_${id}`,
      recorded: { at: '2026-11-24T10:00:00.000Z', upstream: 'stand-in' },
      records: toRecords(
        compose(id)
          .text(words(`Answer ${id}`))
          .completed(),
      ),
      ending: { end: 'complete' },
      endedAt: 10_000,
    })
  }
  const find = async (body: Json) => {
    const { store } = open()
    return store.find(await store.identify(callOf(body)))
  }
  const missOf = async (body: Json) => {
    const { store } = open()
    return (await store.miss(await store.identify(callOf(body)))).message
  }
  const run = (command: string, ...args: string[]) =>
    runDeltatape([command, '--fixtures', dir, '--config', config, ...args])
  const texts = async () =>
    Promise.all((await readdir(dir)).toSorted().map((name) => readFile(join(dir, name), 'utf8')))
  return { dir, say, save, find, missOf, run, texts }
}

const DATES = { replace: ['date'] }
const ask = (day: string, more: Json = {}) => ({ model: 'm', input: 'Hi', instructions: `Today is ${day}.`, ...more })

describe('a rule of match that is new', () => {
  test('is told by verify and by a miss, with the command that brings the fixtures along; then all is found', async () => {
    const { say, save, find, missOf, run, texts } = await setUp()
    await save(ask('2026-11-24'), 'one')
    await save({ ...ask('2026-11-24'), input: 'More', previous_response_id: 'resp_one' }, 'two')
    await save({ model: 'm', input: 'Other' }, 'three')
    const before = await texts()
    expect((await run('verify', '--strict')).code).toBe(0)
    expect(await missOf(ask('2026-11-25'))).toMatch(
      /The rule \{"match":\{"replace":\["date"\]\}\} in deltatape\.config\.json would mend it: `npx deltatape redact --apply --fixtures \S+ --config \S+` then brings the fixture along\./,
    )

    await say(DATES)
    expect(await find(ask('2026-11-25'))).toBeUndefined()
    const told = await run('verify')
    expect(told.code).toBe(1)
    expect(
      told.out.filter((line) => line.includes('of other rules of match: `npx deltatape redact --apply')),
    ).toHaveLength(2)
    expect(await missOf(ask('2026-11-25'))).toContain('its key is of other rules: `npx deltatape redact --apply')

    const shown = await run('redact')
    expect(shown.out.at(-1)).toMatch(
      /^2 of 3 fixtures would change\. To change them: `npx deltatape redact --apply --fixtures /,
    )
    expect(await texts()).toEqual(before)
    expect((await run('redact', '--apply')).out.at(-1)).toBe('2 of 3 fixtures changed.')
    expect((await find(ask('2026-11-25')))?.request).toMatchObject(ask('2026-11-24'))
    expect(
      (
        await find({
          ...ask('x'),
          instructions: 'Today is 2027-01-01.',
          input: 'More',
          previous_response_id: 'resp_one',
        })
      )?.responseId,
    ).toBe('resp_two')
    expect((await run('verify', '--strict')).code).toBe(0)
    expect((await run('redact')).out.at(-1)).toContain('Nothing to redact')

    await say(undefined)
    expect((await run('verify')).code).toBe(1)
    await run('redact', '--apply')
    expect(await texts()).toEqual(before)
  })

  test('that makes one of two fixtures changes nothing, and names them', async () => {
    const { dir, say, save, run, texts } = await setUp()
    await save(ask('2026-11-24'), 'one')
    await save(ask('2026-11-25'), 'two')
    await save({ model: 'm', input: 'On 2026-01-01' }, 'three')
    await say(DATES)
    const before = await texts()
    const { code, err, out } = await run('redact', '--apply')
    expect(code).toBe(2)
    const names = (await readdir(dir)).filter((name) => name.startsWith('hi-'))
    for (const name of names) expect(err.join('\n')).toContain(name)
    expect(err.join('\n')).toContain('The rules of match make one request of')
    expect(out.at(-1)).toContain('Nothing was changed')
    expect(await texts()).toEqual(before)
    expect(JSON.parse((await run('redact', '--json')).out.join('\n'))).toMatchObject({
      one: [[expect.any(String), expect.any(String)]],
    })
  })
})

describe('with a rule', () => {
  test('one call is one fixture, whatever does not count; the fixture holds what was asked last', async () => {
    const { dir, save, find, texts } = await setUp({ ...DATES, unordered: ['$.tools'], ignore: ['$.run'] })
    const tools = [
      { type: 'function', name: 'a' },
      { type: 'function', name: 'b' },
    ]
    await save(ask('2026-11-24', { tools, run: 1 }), 'one')
    await save(ask('2026-11-25', { tools: tools.toReversed(), run: 2 }), 'two')
    expect(await readdir(dir)).toHaveLength(1)
    expect((await texts()).join()).toContain('"run":2')
    expect((await find(ask('2026-12-31', { tools })))?.responseId).toBe('resp_two')
  })

  test('a place counts as its word, also where fixtures are read elsewhere', async () => {
    const { dir, save, find, run } = await setUp({ replace: ['cwd'] })
    await save({ model: 'm', input: 'ls /home/ada/shop' }, 'one')
    expect((await find({ model: 'm', input: 'ls /home/ada/shop' }))?.responseId).toBe('resp_one')
    // The commands run in the directory of the tests.
    expect((await run('verify', '--strict')).code).toBe(0)
    const config = join(await temporaryFolder(), 'rules.json')
    await writeFile(config, JSON.stringify({ match: { replace: ['cwd'] } }))
    const { store } = openFixtures(
      { fixturesDir: dir, configFile: config, apiKey: undefined, authToken: undefined },
      systemClock,
      { here: { cwd: '/work' } },
    )
    const identity = await store.identify(callOf({ model: 'm', input: 'ls /work' }))
    expect((await store.find(identity))?.responseId).toBe('resp_one')
  })

  test('a rule that is bad stops the command, with all that is wrong', async () => {
    const { run } = await setUp({ replace: ['today', { pattern: '(', with: '' }], unordered: ['tools'], sorted: [] })
    const { code, err } = await run('verify')
    expect(code).toBe(2)
    expect(err.join('\n').match(/match\./g)).toHaveLength(4)
  })
})
