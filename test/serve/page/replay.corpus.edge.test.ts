/** What the page is told of the calls of real programs: each is one that a browser can make again. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
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
import { absent, readAnswers, readRequest } from '../../kit/corpus-any.ts'
import { runServer, temporaryFolder } from '../../kit/tools.ts'
import { meant, replayed, sourcesOf } from './kit.ts'

const put = (dir: string, fixture: Fixture) => writeFile(join(dir, fileName(fixture)), formatFixture(fixture))

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

  test('are told so that each plays its own fixture', async () => {
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
