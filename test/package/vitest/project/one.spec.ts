/** What the tests of a user do. Each is named after how it has to end, and with what: see plugin.matrix.test.ts. */
import { request } from 'node:https'
import { connect, createServer } from 'node:net'
import OpenAI from 'openai'
import { WebSocket } from 'ws'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { greet, tell } from './app.ts'

async function all<T>(parts: AsyncIterable<T>): Promise<T[]> {
  const got: T[] = []
  for await (const part of parts) got.push(part)
  return got
}

const ask = async (url: string, ...inputs: readonly string[]): Promise<string[]> => {
  const ws = new WebSocket(`${url.replace('http', 'ws')}/ws-stream`)
  const frames: string[] = []
  await new Promise((resolve) => ws.once('open', resolve))
  for (const [index, input] of inputs.entries()) ws.send(JSON.stringify({ input, id: `q${index}` }))
  await new Promise<void>((resolve) => {
    ws.on('message', (data) => {
      frames.push(String(data))
      if (frames.filter((text) => !text.startsWith('{"type":"delta"')).length === inputs.length) resolve()
    })
  })
  ws.close()
  return frames
}

beforeAll(async () => {
  await greet('Before')
})

test('passes: an answer is replayed', async ({ tape }) => {
  expect(await greet('Ada')).toBe('Hi Ada, how are you?')
  expect(await tape.turns()).toMatchObject([{ action: 'hit', api: 'responses' }])
})

test('passes: it streams', async () => {
  expect(await all(tell('Ada'))).toEqual(['Hi', ' Ada,', ' how', ' are', ' you?'])
})

test('passes: a fault is for one test', async ({ tape }) => {
  await tape.fault('reset@5')
  await expect(all(tell('Ada'))).rejects.toThrow()
  expect(await tape.turns()).toMatchObject([{ code: 'upstream_reset' }])
})

test('passes: the next answer is whole', async () => {
  expect(await all(tell('Ada'))).toHaveLength(5)
})

test('passes: words that are no fault are told', async ({ tape }) => {
  const error: unknown = await tape.fault('nonsense').catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ message: expect.stringContaining('nonsense') })
  // It leads to the line of the test, and to nothing before that.
  expect(error).toMatchObject({ stack: expect.stringMatching(/^Error: .*nonsense.*\n.*one\.spec\.ts/) })
})

test('passes: an answer in memory is for one test', async ({ tape }) => {
  await tape.answer('My name is Zoe.', { type: 'text', text: 'Hi Zoe!' })
  expect(await greet('Zoe')).toBe('Hi Zoe!')
})

test('misses: my-name-is-zoe-', async () => {
  expect(await greet('Zoe')).toBe('Hello!')
})

test('passes: a miss that is expected', async ({ tape }) => {
  tape.expectMiss()
  expect(await greet('Nobody')).toBe('Hello!')
})

test('misses: my-name-is-bob-', async () => {
  expect(await greet('Bob')).toBe('Hello!')
})

test('passes: frames of a chat', async ({ tape }) => {
  const frames = await ask(tape.url, 'My name is Ada.')
  expect(frames).toBeOneTurn('message')
  expect(frames).toReplay(await ask(tape.url, 'My name is Ada.'))
  expect(await ask(tape.url, 'My name is Ada.', 'My name is Ada.')).toBeTurns(2)
  expect(frames.slice(1)).not.toBeOneTurn()
  expect(await tape.turns()).toHaveLength(4)
})

test('passes: a client at the address of its test', async ({ tape }) => {
  const openai = new OpenAI({ baseURL: tape.baseURL })
  const { output_text } = await openai.responses.create({ model: 'gpt-4.1-mini', input: 'My name is Ada.' })
  expect(output_text).toContain('Ada')
  expect(await tape.turns()).toHaveLength(1)
})

test('passes: variables', () => {
  expect(process.env.OPENAI_BASE_URL).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/@worker-[\d-]+\/v1$/)
  expect(process.env.ANTHROPIC_BASE_URL).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/@worker-[\d-]+$/)
  expect([process.env.OPENAI_API_KEY, process.env.ANTHROPIC_API_KEY]).toEqual(['any', 'any'])
})

test('passes: other machines are not reached', async () => {
  const fetched = fetch('https://example.com').catch((error: Error) => error.cause)
  expect(await fetched).toMatchObject({
    message: expect.stringContaining("deltatape({ allowHosts: ['example.com'] })"),
  })
  const asked = new Promise((_, reject) => request('https://example.com', { agent: false }).on('error', reject).end())
  await expect(asked).rejects.toThrow('example.com:443')
  const connected = new Promise((_, reject) => connect(25, '192.0.2.1').on('error', reject))
  await expect(connected).rejects.toThrow('192.0.2.1:25')
})

test('passes: this machine is', async () => {
  const server = createServer((socket) => socket.end('hello'))
  const port = await new Promise<number>((resolve) => {
    server.listen(0, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : 0)
    })
  })
  for (const host of ['127.0.0.1', 'localhost']) {
    const text = await new Promise((resolve, reject) => {
      connect(port, host)
        .on('error', reject)
        .on('data', (data) => resolve(String(data)))
    })
    expect(text).toBe('hello')
  }
  server.close()
})

test('misses: api.openai.com:443', async () => {
  await new OpenAI({ baseURL: 'https://api.openai.com/v1', maxRetries: 0 }).models.list().catch(() => {})
})

test.concurrent('apart, misses: my-name-is-carl-', async ({ tape, expect: own }) => {
  own(await greet('Carl')).toBe('Hello!')
  own(await tape.turns()).toHaveLength(1)
})

test.concurrent('apart, passes: a fault', async ({ tape, expect: own }) => {
  await tape.fault('refuse:400')
  own(await Promise.all([greet('Ada'), greet('Ada')])).toEqual(['Hello!', 'Hello!'])
  own(await tape.turns()).toHaveLength(2)
})

test.concurrent('apart, passes: an answer', async ({ tape, expect: own }) => {
  await tape.answer('My name is Zoe.', { type: 'text', text: 'Hi Zoe!' })
  own(await Promise.all([greet('Zoe'), greet('Ada')])).toEqual(['Hi Zoe!', 'Hi Ada, how are you?'])
  own(await tape.turns()).toHaveLength(2)
})

const gate = Promise.withResolvers<void>()
let late: Promise<unknown> | undefined

test('apart, passes: what it left behind asks later', () => {
  late = gate.promise.then(() => greet('Late'))
})

test('apart, passes: the test that runs then', async () => {
  gate.resolve()
  await late
})

test.fails('passes: a test that fails on purpose does not hide a miss', async () => {
  expect(await greet('Hidden')).toBe('Hi Hidden!')
})

afterAll(async () => {
  await greet('After')
})
