/** A test that fakes its timers, all that vitest fakes by default: nothing in a fetch may wait for a faked one. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { readConfig } from '../../server/serve/config.ts'
import { createFetch } from '../../server/package/fetch.ts'
import { compose, steps, words } from '../kit/answers.ts'
import { folderWith, runStandIn, temporaryFolder } from '../kit/tools.ts'

const INPUT = 'Say hello to all in French'
const french = compose('french').text(words('Bonjour tout le monde !')).completed()

let shelf = ''
beforeAll(async () => {
  shelf = await folderWith({ [INPUT]: { events: french } }, afterAll)
})
afterEach(() => void vi.useRealTimers())

const ask = (fetchHere: typeof fetch, stream: boolean, more: RequestInit = {}) =>
  fetchHere('https://api.openai.com/v1/responses', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer sk-of-the-client' },
    body: JSON.stringify({ model: 'gpt-4.1-mini', input: INPUT, stream }),
    ...more,
  })

const PACES = ['instant', 'recorded', '5x', '1ms']

describe.each(PACES)('at the pace %s', (pace) => {
  const make = (env: Record<string, string> = {}) =>
    createFetch(readConfig({ FIXTURES_DIR: shelf, REPLAY_PACE: pace, ...env }))

  test('it replays, made before or after, in parts or in one piece', async () => {
    const before = make()
    vi.useFakeTimers()
    for (const fetchHere of [before, make(), before]) {
      expect(await (await ask(fetchHere, true)).text()).toMatch(/event: response\.completed\n.+\n\n$/)
      expect(await (await ask(fetchHere, false)).json()).toMatchObject({ status: 'completed' })
    }
    expect(vi.getTimerCount()).toBe(0)
  })

  test('it pauses, stalls and breaks as it is told', async () => {
    vi.useFakeTimers()
    const delayed = await ask(make({ FAULT: 'delay:5ms@3' }), true)
    expect(await delayed.text()).toContain('event: response.completed')
    const stalled = await ask(make({ FAULT: 'stall@3', IDLE_TIMEOUT_MS: '5' }), true)
    await expect(stalled.text()).rejects.toThrow(TypeError)
  })
})

test.each(['live', 'record', 'auto'])('it calls the API, mode %s', async (mode) => {
  const standIn = await runStandIn(() => ({ steps: steps(french) }))
  const env = { MODEL_MODE: mode, OPENAI_BASE_URL: standIn.url, FIXTURES_DIR: await temporaryFolder() }
  const before = createFetch(readConfig(env))
  vi.useFakeTimers()
  for (const fetchHere of [before, createFetch(readConfig(env)), before]) {
    expect(await (await ask(fetchHere, true)).text()).toMatch(/event: response\.completed\n.+\n\n$/)
  }
  expect(vi.getTimerCount()).toBe(0)
  expect(standIn.calls).toHaveLength(mode === 'auto' ? 1 : 3)
})

test('a deadline passes in real time, and in that alone', async () => {
  const standIn = await runStandIn(() => ({ steps: [...steps(french.slice(0, 3)), 'hang'] }))
  const env = { MODEL_MODE: 'live', OPENAI_BASE_URL: standIn.url, IDLE_TIMEOUT_MS: '50' }
  vi.useFakeTimers()
  const response = await ask(createFetch(readConfig(env)), true)
  vi.advanceTimersByTime(60 * 60_000)
  await expect(response.text()).rejects.toThrow(TypeError)
})

test('whoever leaves leaves', async () => {
  const { promise: called, resolve } = Promise.withResolvers<void>()
  const standIn = await runStandIn(() => {
    resolve()
    return { instead: 'hang' }
  })
  vi.useFakeTimers()
  const abort = new AbortController()
  const fetchHere = createFetch(readConfig({ MODEL_MODE: 'live', OPENAI_BASE_URL: standIn.url }))
  const asking = ask(fetchHere, true, { signal: abort.signal })
  await called
  abort.abort()
  await expect(asking).rejects.toMatchObject({ name: 'AbortError' })
  expect(await standIn.calls[0]?.closed).toEqual({ whole: false })
})
