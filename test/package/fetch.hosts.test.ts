/** A program whose every call goes through it: to APIs, to hosts of its own, and to what is no network at all. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { z } from 'zod'
import { createFetch } from '../../server/package/fetch.ts'
import { MODES } from '../../server/model/mode.ts'
import { temporaryFolder } from '../kit/tools.ts'

const answerSchema = z.looseObject({ error: z.looseObject({ code: z.string(), message: z.string() }) })

afterEach(() => void vi.unstubAllGlobals())

/** A server of the program's own. */
async function startOwn() {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    response.setHeader('content-type', 'application/json').end('{"rows":[1]}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  const host = `127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  return { host, url: `http://${host}/rows?id=7`, asked }
}

/** Replaces the global one, as a program or a test does. */
async function install(config: Parameters<typeof createFetch>[0] = {}) {
  const own = createFetch({ fixturesDir: await temporaryFolder(), ...config })
  vi.stubGlobal('fetch', own)
}

describe('a host that no API has and nobody named', () => {
  test.each(MODES)('is not called in %s', async (mode) => {
    const { url, asked } = await startOwn()
    await install({ mode, apiKey: 'sk-of-the-server' })
    for (const address of [url, 'https://app.example/rows?id=7']) {
      const response = await fetch(address)
      expect([address, response.status]).toEqual([address, mode === 'replay' ? 404 : 403])
      const { error } = answerSchema.parse(await response.json())
      expect(error.code).toBe(mode === 'replay' ? 'fixture_miss' : 'forbidden')
      if (mode !== 'replay') expect(error.message).toContain('UPSTREAMS')
    }
    expect(asked).toEqual([])
  })

  test('is called once it is named, and is replayed without being called', async () => {
    const { host, url, asked } = await startOwn()
    const fixturesDir = await temporaryFolder()
    await install({ mode: 'record', fixturesDir, upstreams: [host] })
    expect(await (await fetch(url)).json()).toEqual({ rows: [1] })
    expect(asked).toEqual(['GET /rows?id=7'])
    await install({ mode: 'replay', fixturesDir })
    const again = await fetch(url)
    expect([again.status, await again.json()]).toEqual([200, { rows: [1] }])
    expect((await fetch(url.replace('id=7', 'id=8'))).status).toBe(404)
    expect(asked).toHaveLength(1)
  })
})

test('what it calls itself does not come back to it', async () => {
  const { host, url, asked } = await startOwn()
  await install({ mode: 'live', upstreams: [host] })
  const first = fetch
  // Even one around it is not asked.
  vi.stubGlobal('fetch', () => Promise.reject(new Error('It has called the global fetch.')))
  expect((await first(url)).status).toBe(200)
  expect(asked).toHaveLength(1)
})

test('what is no call is left to the platform, in every mode', async () => {
  for (const mode of MODES) {
    await install({ mode })
    expect(await (await fetch('data:text/plain,Hello')).text()).toBe('Hello')
    expect(await (await fetch(new URL('DATA:text/plain;base64,SGk='))).text()).toBe('Hi')
    const blob = URL.createObjectURL(new Blob(['Blob']))
    expect(await (await fetch(blob)).text()).toBe('Blob')
    URL.revokeObjectURL(blob)
  }
})
