/** What a program gets of the package itself. */
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { type Server, type StartOptions, createFetch, readConfig, start } from '../../server/package/index.ts'
import { temporaryFolder } from '../kit/tools.ts'

const ADA = { model: 'gpt-4.1-mini', input: 'My name is Ada.' }

const posted = (url: string, body: object = ADA, ask: typeof fetch = fetch): Promise<Response> =>
  ask(`${url}/v1/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

async function started(options: StartOptions): Promise<Server> {
  const server = await start({ port: 0, ...options })
  onTestFinished(() => server.close(0))
  return server
}

test('a server starts with what differs from the defaults, and stops', async () => {
  const server = await start({ mode: 'replay', port: 0 })
  const { status, headers } = await posted(server.url)
  expect([status, headers.get('x-deltatape')]).toEqual([200, expect.stringMatching(/ replay$/)])
  await server.close()
  await expect(posted(server.url)).rejects.toThrow('fetch failed')
})

test('several run side by side, and none writes anything that nobody asked for', async () => {
  const written = [vi.spyOn(process.stdout, 'write'), vi.spyOn(process.stderr, 'write')]
  onTestFinished(() => written.forEach((spy) => spy.mockRestore()))
  const lines: string[] = []
  const [one, other] = await Promise.all([started({}), started({ log: (line) => lines.push(line) })])
  expect([(await posted(one.url)).status, (await posted(other.url)).status]).toEqual([200, 200])
  expect(written.map((spy) => spy.mock.calls)).toEqual([[], []])
  expect(lines.map((line): unknown => JSON.parse(line))).toContainEqual(expect.objectContaining({ url: other.url }))
})

test('variables count where they are read', async () => {
  const { url } = await started(readConfig({ PORT: '0', FAULT: 'error@1', MODEL_MODE: 'replay' }))
  expect(await (await posted(url, { ...ADA, stream: true })).text()).toContain('event: error')
})

test('a pace and a fault are said in words', async () => {
  const { url } = await started({ pace: '2x', fault: 'refuse:503' })
  expect((await posted(url)).status).toBe(503)
  const fetchHere = createFetch({ fault: 'refuse:429' })
  expect((await posted('https://api.openai.com', ADA, fetchHere)).status).toBe(429)
})

test('what cannot be is told by the names of the options, all of it at once', async () => {
  const wrong: object = { mode: 'reply', port: 70_000, pace: 'soon', fault: 'nothing', recordTakes: 'yes' }
  const told = await start(wrong).catch((error: unknown) => error)
  expect(told).toMatchObject({ name: 'DeltatapeError', code: 'config_invalid' })
  const lines = String(Object(told).message).split('\n')
  expect(lines.map((line) => line.split(' ')[0])).toEqual(['mode', 'port', 'pace', 'recordTakes', 'fault'])
  expect(lines[0]).toBe('mode must be one of replay, record, auto, live (got "reply").')
  expect(() => createFetch(wrong)).toThrow('mode must be one of')
  expect(() => createFetch({ apiKey: 'two words' })).toThrow(/^apiKey must be .*\(it is not shown\)\.$/)
})

test('what is not given is as if it were not named', async () => {
  const { url } = await started({ authToken: undefined, usageLog: undefined, fault: undefined, pace: undefined })
  expect((await posted(url)).status).toBe(200)
})

test('no server is open to other machines by accident', async () => {
  await expect(start({ port: 0, host: '0.0.0.0' })).rejects.toMatchObject({ code: 'config_invalid' })
})

test('a folder that was named has to be there', async () => {
  const dir = join(await temporaryFolder(), 'fixtures')
  const missing = { code: 'fixtures_unusable', message: expect.stringContaining(JSON.stringify(dir)) }
  await expect(start({ port: 0, fixturesDir: dir })).rejects.toMatchObject(missing)
  await expect(posted('https://api.openai.com', ADA, createFetch({ fixturesDir: dir }))).rejects.toMatchObject(missing)
  await cp('fixtures', dir, { recursive: true })
  expect((await posted((await started({ fixturesDir: dir })).url)).status).toBe(200)
})
