import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Call } from '../../../server/api/call.ts'
import { isKnownPath } from '../../../server/api/hosts.ts'
import { createReader } from '../../../server/api/framing/index.ts'
import { apiOf, followerOf } from '../../../server/api/index.ts'
import { formatFixture } from '../../../server/fixture/file.ts'
import type { Fixture } from '../../../server/fixture/fixture.ts'
import { fileName, identify } from '../../../server/fixture/key.ts'
import { questionOf } from '../../../server/fixture/request.ts'
import { createRoutes } from '../../../server/model/transport/route.ts'
import { createRedactor } from '../../../server/redact/redactor.ts'
import { configOf } from '../../../server/serve/config.ts'
import type { View } from '../../../server/serve/page/data.ts'
import { compose } from '../../kit/answers.ts'
import { absent, readAnswers, readRequest } from '../../kit/corpus-any.ts'
import { recordExchanges, runApis } from '../../kit/exchanges.ts'
import { fixtureFor, fixtureOf } from '../../kit/fixtures.ts'
import { callOf } from '../../kit/calls.ts'
import { runServer, temporaryFolder } from '../../kit/tools.ts'
import { framesOf, replayed, sourcesOf } from './kit.ts'

const namesIn = async (dir: string) => (await readdir(dir)).filter((name) => name.endsWith('.jsonl')).toSorted()

/** What a browser gets that replays a fixture as it is told. */
const meant = (view: View) => {
  if (view.replay.how === 'chat') return { frames: framesOf(view) }
  return { fixture: view.name, status: view.status, sha256: view.sha256 }
}

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

describe.skipIf(absent)('the calls of real programs', () => {
  const redactor = createRedactor()
  const routes = createRoutes(configOf({}))
  const fixtures = new Map<string, Fixture>()
  for (const answer of readAnswers()) {
    const { method, path, query, headers: pairs, body } = readRequest(answer)
    const content = Buffer.from(body === undefined ? '' : JSON.stringify(body))
    const [headers, search] = [Object.entries(pairs), String(new URLSearchParams(query))]
    const asked = { method, path, query: search && `?${search}`, headers, content, body: content }
    const api = apiOf(asked)
    const call = { ...asked, api, to: routes.to({ row: api.name, path, headers }) }
    const identity = identify(call, redactor)
    const reader = createReader([['content-type', answer.contentType]])
    const records = [...reader.read(answer.body, 1), ...reader.end(1, true)]
    const follower = followerOf(api, questionOf(call), answer.status)
    for (const record of records) follower?.take(record)
    const end = answer.status < 300 ? 'complete' : 'refused'
    fixtures.set(fileName(identity), {
      ...identity,
      response: {
        status: answer.status,
        headers: [['content-type', answer.contentType || 'text/plain']],
        framing: reader.framing(),
      },
      recorded: { at: '2026-11-24T10:00:00.000Z', upstream: 'x' },
      records,
      ending: follower?.end() ?? { end },
      endedAt: 10,
    })
  }
  let dir = ''
  const atTheEnd: (() => unknown)[] = []
  beforeAll(async () => {
    dir = await temporaryFolder((act) => void atTheEnd.push(act))
    for (const fixture of fixtures.values()) await put(dir, fixture)
  })
  afterAll(async () => {
    for (const act of atTheEnd) await act()
  })

  test('are told so that each plays its own fixture', { timeout: 120_000 }, async () => {
    const server = await runServer({ FIXTURES_DIR: dir })
    const sources = sourcesOf(dir)
    const not: unknown[] = []
    for (const name of fixtures.keys()) {
      const view = await sources.view(name)
      const { path, host } = view.call
      // A path of no API that is known stands behind a host, and some are placeholders.
      if (host === undefined && !(isKnownPath(path) && URL.parse(path, 'http://x')?.pathname === path)) continue
      // A header said that it is not OpenAI's, and is not kept.
      if (view.api === 'any' && isKnownPath(path)) continue
      const got = await replayed(server.url, view.replay)
      if (!isDeepStrictEqual(got, meant(view))) not.push([name, view.replay, got])
    }
    expect(not).toEqual([])
  })
})
