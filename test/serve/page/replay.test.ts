import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Call } from '../../../server/api/call.ts'
import { formatFixture } from '../../../server/fixture/file.ts'
import type { Fixture } from '../../../server/fixture/fixture.ts'
import { fileName } from '../../../server/fixture/key.ts'
import { compose } from '../../kit/answers.ts'
import { recordExchanges, runApis } from '../../kit/exchanges.ts'
import { fixtureFor, fixtureOf } from '../../kit/fixtures.ts'
import { callOf } from '../../kit/calls.ts'
import { runServer, temporaryFolder } from '../../kit/tools.ts'
import { meant, replayed, sourcesOf } from './kit.ts'

const namesIn = async (dir: string) => (await readdir(dir)).filter((name) => name.endsWith('.jsonl')).toSorted()

const put = (dir: string, fixture: Fixture) => writeFile(join(dir, fileName(fixture)), formatFixture(fixture))

describe('what is told of a replay', async () => {
  test.each(await namesIn('fixtures'))('plays %s, to the byte', async (name) => {
    const view = await sourcesOf('fixtures').view(name)
    const server = await runServer({ FIXTURES_DIR: 'fixtures' })
    expect(await replayed(server.url, view.replay)).toEqual(meant(view))
  })

  test('plays an exchange of any API: whatever its path, its host, its body', async () => {
    const { dir } = await recordExchanges(await runApis())
    const [sources, server] = [sourcesOf(dir), await runServer({ FIXTURES_DIR: dir })]
    const names = await namesIn(dir)
    expect(names.length).toBeGreaterThan(10)
    for (const name of names) {
      const view = await sources.view(name)
      expect(await replayed(server.url, view.replay)).toEqual(meant(view))
    }
  })

  test('says which of several takes it is', async () => {
    const dir = await temporaryFolder()
    for (const take of [1, 2]) {
      const fixture = fixtureOf(
        { model: 'm', input: 'Hi' },
        compose(`x${take}`)
          .text([`${take}`])
          .completed(),
      )
      await put(dir, { ...fixture, ...(take > 1 && { take }) })
    }
    const sources = sourcesOf(dir)
    const views = await Promise.all((await namesIn(dir)).map(sources.view))
    expect(views.map(({ replay }) => 'take' in replay && replay.take).toSorted()).toEqual([1, 2])
  })

  test('names the answer that a turn continues as that was recorded last', async () => {
    const dir = await temporaryFolder()
    const first = fixtureOf({ model: 'gpt-4.1-mini', input: 'Hi' }, compose('x').text(['Hi']).completed(), {
      responseId: 'resp_of_now',
    })
    const second = fixtureFor(callOf({ model: 'gpt-4.1-mini', input: 'And?', previous_response_id: 'resp_of_old' }), {
      previousKey: first.key,
      records: fixtureOf({}, compose('y').text(['So']).completed()).records,
    })
    await put(dir, first)
    await put(dir, second)
    const view = await sourcesOf(dir).view(fileName(second))
    expect(view.previous).toEqual({ key: first.key, name: fileName(first) })
    expect(view.replay).toMatchObject({ how: 'chat', message: expect.stringContaining('"resp_of_now"') })
    const server = await runServer({ FIXTURES_DIR: dir })
    expect(await replayed(server.url, view.replay)).toEqual(meant(view))
  })
})

describe('a browser cannot replay', () => {
  const whyNot = async (call: Call, name?: (usual: string) => string) => {
    const dir = await temporaryFolder()
    const fixture = fixtureFor(call, { records: fixtureOf({}, compose('x').text(['Hi']).completed()).records })
    const file = name?.(fileName(fixture)) ?? fileName(fixture)
    await writeFile(join(dir, file), formatFixture(fixture))
    const { replay } = await sourcesOf(dir).view(file)
    return replay.how === 'none' ? replay.why : replay
  }

  test('a call with a body and a method that has none there', async () => {
    expect(await whyNot(callOf({ model: 'm', query: 'x' }, { method: 'GET', path: '/v1/anything' }))).toContain('body')
  })

  test('a method that pages may not use', async () => {
    expect(await whyNot(callOf({}, { method: 'TRACE', path: '/v1/anything' }))).toContain('TRACE')
  })

  test('a path that a browser makes another of', async () => {
    expect(await whyNot(callOf({ model: 'm' }, { path: '/v1/%2e%2e/x' }))).toContain('path')
  })

  test('a request whose secret was taken out, where it counts', async () => {
    const call = callOf({ model: 'm', input: 'Hi' }, { path: '/v1/responses', query: '?api=x&b=%5Bredacted%3Aurl%5D' })
    expect(await whyNot(call)).toMatchObject({ how: 'http' })
  })

  test('a file that no call finds', async () => {
    expect(await whyNot(callOf({ model: 'm', input: 'Hi' }), () => 'hi-0123456789ab.jsonl')).toMatch(/name/)
  })
})
