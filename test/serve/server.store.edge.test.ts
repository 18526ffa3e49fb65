/** A server whose fixtures are on an engine that goes away and comes back: what `/ready` and `/metrics` say of it. */
import { once } from 'node:events'
import { type Server, type Socket, connect, createServer } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { systemClock } from '../../server/base/clock.ts'
import { readConfig } from '../../server/serve/config.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { startServer } from '../../server/serve/server.ts'
import type { Driver } from '../../server/store/driver.ts'
import { openDriver } from '../../server/store/open.ts'
import { openStore } from '../../server/store/store.ts'
import { compose, steps, words } from '../kit/answers.ts'
import { connect as openChat } from '../kit/client.ts'
import { onEngine } from '../kit/engines.ts'
import { scrape } from '../kit/scrape.ts'
import { manualClock, readableLog, runServer, runStandIn, temporaryFolder } from '../kit/tools.ts'
import { away, inMemory, unreliable } from '../store/engine.ts'

/** What stands between a server and an engine, and can be cut. */
async function createCable(to: URL) {
  const sockets = new Set<Socket>()
  const server: Server = createServer((near) => {
    const far = connect(Number(to.port), to.hostname)
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one.pipe(other)
      one.on('error', () => other.destroy()).on('close', () => other.destroy())
    }
  })
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  await listen(0)
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const cut = async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of sockets) socket.destroy()
    sockets.clear()
    await closed
  }
  onTestFinished(() => (server.listening ? cut() : undefined))
  const place = new URL(to)
  place.host = `127.0.0.1:${port}`
  return { place: place.href, cut, mend: () => listen(port) }
}

const statusOf = async (url: string) => (await fetch(`${url}/ready`)).status

/** The store is looked at once a second. */
const eventually = (holds: () => Promise<void>) => vi.waitFor(holds, { timeout: 100_000, interval: 100 })

async function talk(url: string, input: string): Promise<string | undefined> {
  const chat = await openChat(`${url}/ws`)
  chat.send({ input })
  const [frame] = await chat.turn()
  await chat.close()
  return frame?.type
}

onEngine('redis', 'an engine that goes and comes back', (placeOf) => {
  test('is told as that: not ready, and counted; a cache plays on', async () => {
    const place = placeOf()
    const driver = openDriver({ fixturesDir: place }, { clock: systemClock })
    onTestFinished(async () => {
      for await (const { entries } of driver.list()) for (const { name } of entries) await driver.remove(name)
      await driver.close()
    })
    const standIn = await runStandIn(() => ({ steps: steps(compose('x').text(words('one two')).completed()) }))
    const recorder = await runServer({
      MODEL_MODE: 'record',
      OPENAI_API_KEY: 'sk-1',
      OPENAI_BASE_URL: standIn.url,
      FIXTURES_DIR: place,
    })
    expect(await talk(recorder.url, 'Hello')).toBe('message')
    const written = { engine: 'redis', operation: 'put', outcome: 'written' }
    const recorded = await scrape(recorder.url)
    expect(recorded.value('deltatape_store_operation_duration_seconds_count', written)).toBeGreaterThan(0)

    const cable = await createCable(new URL(place))
    const env = { FIXTURES_DIR: cable.place, FIXTURES_FRESH_MS: '0', FIXTURES_TIMEOUT_MS: '1000' }
    const [bare, cached] = await Promise.all([
      runServer(env),
      runServer({ ...env, FIXTURES_CACHE: await temporaryFolder() }),
    ])
    for (const { url } of [bare, cached]) {
      expect(await statusOf(url)).toBe(200)
      expect(await talk(url, 'Hello')).toBe('message')
    }
    await cable.cut()
    await eventually(async () => expect(await statusOf(bare.url)).toBe(503))
    expect(await (await fetch(`${bare.url}/ready`)).json()).toMatchObject({ error: { code: 'store_away' } })
    expect(await (await fetch(`${bare.url}/health`)).json()).toEqual({ status: 'ok' })
    expect(await statusOf(cached.url)).toBe(200)
    expect(await talk(cached.url, 'Hello')).toBe('message')
    expect((await scrape(cached.url)).value('deltatape_store_stale_total')).toBeGreaterThan(0)
    expect(await talk(bare.url, 'Hello')).toBe('error')
    const told = await scrape(bare.url)
    expect(told.values('outcome')).toEqual(expect.arrayContaining(['found', 'store_away']))
    const counted = { mode: 'replay', api: 'responses', endpoint: '/ws', outcome: 'none', code: 'store_away' }
    expect(told.value('deltatape_turns_total', counted)).toBe(1)

    await cable.mend()
    await eventually(async () => expect(await statusOf(bare.url)).toBe(200))
    expect(await talk(bare.url, 'Hello')).toBe('message')
  })
})

test('a server that stops waits for no engine that hangs: what is under way there fails, and is told', async () => {
  const [saving, hang] = [Promise.withResolvers<undefined>(), Promise.withResolvers<never>()]
  const write = () => {
    saving.resolve(undefined)
    return hang.promise
  }
  const driver: Driver = {
    ...inMemory(),
    put: write,
    putIf: write,
    close: async () => hang.reject(away()),
  }
  const standIn = await runStandIn(() => ({ steps: steps(compose('x').text(words('one two')).completed()) }))
  const env = { PORT: '0', MODEL_MODE: 'record', OPENAI_API_KEY: 'sk-1', OPENAI_BASE_URL: standIn.url }
  const [{ log, lines }, redactor] = [readableLog(), createRedactor()]
  const store = openStore({ driver, redactor, clock: systemClock })
  const server = await startServer(readConfig(env), { log, redactor, store, clock: systemClock })
  const chat = await openChat(`${server.url}/ws`)
  chat.send({ input: 'Hello' })
  await saving.promise
  await server.close(0)
  expect(lines.join('')).toContain('not saved: ')
})

/** A recording server on an engine that holds a fixture of an earlier run and one of this; its engine is slow from now on. */
async function atItsEnd() {
  const standIn = await runStandIn(() => ({ steps: steps(compose('x').text(words('one two')).completed()) }))
  const env = { PORT: '0', MODEL_MODE: 'record', OPENAI_API_KEY: 'sk-1', OPENAI_BASE_URL: standIn.url }
  const [driver, clock] = [unreliable(inMemory()), manualClock()]
  const run = async () => {
    const [{ log, lines }, redactor] = [readableLog(), createRedactor()]
    const store = openStore({ driver, redactor, clock })
    return { lines, ...(await startServer(readConfig(env), { log, redactor, store, clock })) }
  }
  const before = await run()
  await talk(before.url, 'Hello')
  await before.close(0)
  const now = await run()
  await talk(now.url, 'Bye')
  return { ...now, clock, release: driver.hold() }
}

test('what is left over is counted though the engine lists its fixtures after the grace of the server', async () => {
  const { close, clock, lines, release } = await atItsEnd()
  const closed = close(0)
  await clock.advance(0)
  release()
  await closed
  expect(lines.join('')).toContain('(1 new, 0 changed, 1 left over')
})

test('what is left over is not told if the engine does not list its fixtures', async () => {
  const { close, clock, lines } = await atItsEnd()
  const closed = close(0)
  await clock.advance(60_000)
  await closed
  expect(lines.join('')).toContain('(1 new, 0 changed)')
})
