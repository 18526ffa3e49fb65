/** Whether clients may be sent here. */
import { rename } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { StoreError } from '../../server/store/driver.ts'
import { type ReadinessOptions, createReadiness } from '../../server/serve/readiness.ts'
import { compose, steps, words } from '../kit/answers.ts'
import { folderWith, manualClock, readableLog, runServer } from '../kit/tools.ts'
import { good, post, readAll, runWithStandIn } from './http/kit.ts'

const AWAY = new StoreError('store_away', 'The engine is away. Is it up?')

/** What looks at a store of which the test says how it is. */
function setUp(more: Partial<ReadinessOptions> = {}) {
  const clock = manualClock()
  const { log, lines } = readableLog()
  const asked: { readonly write: boolean; readonly resolve: () => void; readonly reject: (error: unknown) => void }[] =
    []
  const check = ({ write }: { readonly write: boolean }) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    asked.push({ write, resolve, reject })
    return promise
  }
  const ready = createReadiness({ mode: 'replay', store: { check }, clock, log, isStopping: () => false, ...more })
  /** What it says if the store answers so. */
  const after = (error?: unknown) => {
    const said = ready()
    const last = asked.at(-1)
    if (error === undefined) last?.resolve()
    else last?.reject(error)
    return said
  }
  return { clock, ready, asked, after, lines }
}

describe('how often the store is asked', () => {
  test('once a second, however many want to know', async () => {
    const { clock, ready, asked, after } = setUp()
    const first = [ready(), ready(), after()]
    expect(await Promise.all(first)).toEqual([undefined, undefined, undefined])
    await clock.advance(999)
    expect(await ready()).toBeUndefined()
    expect(asked).toHaveLength(1)
    await clock.advance(1)
    expect(await after(AWAY)).toBe(AWAY)
    expect(await ready()).toBe(AWAY)
    expect(asked.map(({ write }) => write)).toEqual([false, false])
  })

  test('not again while it has not answered, and nobody waits for longer than two seconds', async () => {
    const { clock, ready, asked } = setUp()
    const said = [ready(), ready()]
    await clock.advance(2000)
    for (const problem of await Promise.all(said)) expect(problem?.code).toBe('store_away')
    const later = ready()
    expect(asked).toHaveLength(1)
    asked[0]?.resolve()
    expect(await later).toBeUndefined()
  })

  test('for writing where answers are recorded, and not at all in live, or while it stops', async () => {
    const recording = setUp({ mode: 'auto' })
    await recording.after()
    expect(recording.asked.map(({ write }) => write)).toEqual([true])
    const stopping = setUp({ isStopping: () => true })
    expect((await stopping.ready())?.code).toBe('shutting_down')
    const live = setUp({ mode: 'live' })
    expect(await live.ready()).toBeUndefined()
    expect([...live.asked, ...stopping.asked]).toEqual([])
  })
})

test('the log says once that it is not ready, and once that it is again', async () => {
  const { clock, after, lines } = setUp()
  for (const error of [undefined, AWAY, AWAY, undefined, undefined]) {
    await after(error)
    await clock.advance(1000)
  }
  expect(lines.map((line) => JSON.parse(line).msg)).toEqual([`not ready: ${AWAY.message}`, 'ready again'])
})

test('what nobody expected is no reason to be sent clients', async () => {
  const { after } = setUp()
  expect((await after(new TypeError('A mistake.')))?.code).toBe('internal')
})

const readinessSchema = z.object({
  status: z.string(),
  error: z.object({ code: z.string(), message: z.string().optional() }).optional(),
})

/** What `/ready` answers. */
async function ask(url: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${url}/ready`, { headers })
  const { status, error } = readinessSchema.parse(await response.json())
  return { http: response.status, status, code: error?.code, message: error?.message }
}

const OK = { http: 200, status: 'ok', code: undefined, message: undefined }

describe('a server', () => {
  const HELLO = { Hello: { events: compose('hello').text(words('Hello')).completed() } }

  test('is ready as long as its fixtures can be used; its health does not depend on them', async () => {
    const [dir, clock] = [await folderWith(HELLO), manualClock()]
    const { url } = await runServer({ FIXTURES_DIR: dir, AUTH_TOKEN: 'open-sesame' }, { clock })
    expect(await ask(url)).toEqual(OK)
    await rename(dir, `${dir}-away`)
    expect(await ask(url)).toEqual(OK)
    await clock.advance(1000)
    const away = { http: 503, status: 'unavailable', code: 'fixtures_unusable' }
    // Where they are is nobody's business who does not bring the token.
    expect(await ask(url)).toEqual({ ...away, message: undefined })
    const told = await ask(url, { authorization: 'Bearer open-sesame' })
    expect(told).toEqual({ ...away, message: expect.stringContaining(dir) })
    expect(await (await fetch(`${url}/health`)).text()).toBe('{"status":"ok"}')
    await rename(`${dir}-away`, dir)
    await clock.advance(1000)
    expect(await ask(`${url}/@me`)).toEqual(OK)
  })

  test('that stops is asked by nobody any more, while its turns still run', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { server, called } = await runWithStandIn(() => ({ steps: [{ until: promise }, ...steps(good)] }))
    const running = post(server.url, { input: 'Hello', stream: true })
    await called()
    expect(await ask(server.url)).toEqual(OK)
    const closed = server.close(10_000)
    await expect(ask(server.url)).rejects.toThrow('fetch failed')
    resolve()
    expect((await readAll(await running)).text).toContain('response.completed')
    await closed
  })
})
