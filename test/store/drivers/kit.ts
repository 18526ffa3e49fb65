/** What tests of drivers have in common: drivers that go with the test, and what they were refused. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type Server, createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished } from 'vitest'
import { type Clock, systemClock } from '../../../server/base/clock.ts'
import { manualClock } from '../../kit/tools.ts'
import { type Driver, type OpenDriver, type Page, wholeOf } from '../../../server/store/driver.ts'

/** Opens drivers that go with the test. */
export const opener =
  (open: OpenDriver) =>
  (place: string, clock: Clock = systemClock): Driver => {
    const driver = open({ place, clock, timeoutMs: 30_000 })
    onTestFinished(() => driver.close())
    return driver
  }

export const bytes = (length: number): Buffer => Buffer.alloc(length, 'x')

/** The text of an object; undefined where there is none. */
export async function textOf(driver: Driver, name: string): Promise<string | undefined> {
  const got = await driver.get(name)
  return got === undefined || got === 'same' ? got : (await wholeOf(got)).toString()
}

export async function pagesOf(driver: Driver, prefix?: string): Promise<Page[]> {
  const pages: Page[] = []
  for await (const page of driver.list(prefix)) pages.push(page)
  return pages
}

/** That something is told with this code and these words, and that nothing of a password is in it. */
export async function expectTold(work: Promise<unknown>, code: string, words: RegExp): Promise<void> {
  const error: unknown = await work.then(
    (value) => expect.fail(`it went through: ${String(value)}`),
    (cause: unknown) => cause,
  )
  expect(error).toMatchObject({ name: 'DeltatapeError', code, message: expect.stringMatching(words) })
  expect(String(error)).not.toMatch(/s3cret/)
}

/**
 * That each operation gives up in time on an engine that takes connections and never says a word.
 *
 * @param addressOf the engine on a port
 */
export async function expectGivenUp(
  open: (place: string, clock: Clock) => Driver,
  addressOf: (port: number) => string,
) {
  const { server, port } = await silentServer()
  const clock = manualClock()
  const driver = open(addressOf(port), clock)
  for (let times = 0; times < 2; times++) {
    const called = once(server, 'connection')
    const got = expectTold(Promise.resolve(driver.get('a.jsonl')), 'store_away', /did not answer within 30000 ms/)
    await called
    await clock.advance(30_000)
    await got
  }
}

async function silentServer(): Promise<{ port: number; server: Server }> {
  const server = createServer((socket) => socket.on('error', () => {}))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('A port has a number.')
  return { server, port: address.port }
}

/** Puts an object, reads it, and does not close: what a process prints that has nothing else to do, and how it ends. */
export async function lifeOf(module: string, open: string, place: string): Promise<[output: string, code: unknown]> {
  const script = `
    import { ${open} as open } from './server/store/drivers/${module}.ts'
    import { systemClock } from './server/base/clock.ts'
    const driver = open({ place: process.argv[1], clock: systemClock, timeoutMs: 100_000 })
    await driver.put('a.jsonl', Buffer.from('one'))
    const { bytes } = await driver.get('a.jsonl')
    await driver.remove('a.jsonl')
    console.log(bytes)`
  const child: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', script, place], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const output = child.stdout ? await text(child.stdout) : ''
  return [output, (await ended)[0]]
}
