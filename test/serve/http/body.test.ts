/** Bodies of calls: with and without a content coding, cut off, and too large, which every kind of client can read. */
import { once } from 'node:events'
import { promisify } from 'node:util'
import { brotliCompress, deflate, deflateRawSync, gzip, zstdCompress } from 'node:zlib'
import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import { createLedger } from '../../../server/base/ledger.ts'
import { decodeBody } from '../../../server/serve/http/body.ts'
import { runServer, settle } from '../../kit/tools.ts'
import { ask, openSocket, valuesOf } from './kit.ts'

const TEXT = JSON.stringify({ model: 'gpt-4.1-mini', input: 'My name is Ada.' })

/** What makes a body of each coding. */
const CODERS = {
  gzip: promisify(gzip),
  'x-gzip': promisify(gzip),
  deflate: promisify(deflate),
  br: promisify(brotliCompress),
  zstd: promisify(zstdCompress),
} as const

const codings = Object.entries(CODERS)

/** Limits of a body that is the only one. */
const within = (maxBytes: number) => ({ maxBytes, account: createLedger(2 ** 28).open() })

/** The code and the message of the error that a body is refused with. */
const refusalOf = (body: Uint8Array, coding: string, maxBytes = 1000): Promise<unknown> =>
  decodeBody(body, coding, within(maxBytes)).then(
    () => 'It was not refused.',
    (error: unknown) => error,
  )

describe('a content coding', () => {
  test.each(codings)('%s is taken off', async (name, encode) => {
    for (const said of [name, name.toUpperCase(), `identity, ${name}`, ` ${name} ,`]) {
      expect(Buffer.from(await decodeBody(await encode(TEXT), said, within(1000))).toString()).toBe(TEXT)
    }
  })

  test('deflate is taken off without its wrapper, too', async () => {
    const body = deflateRawSync(TEXT)
    expect(Buffer.from(await decodeBody(body, 'deflate', within(1000))).toString()).toBe(TEXT)
    expect(await refusalOf(body, 'deflate', 10)).toMatchObject({ code: 'too_large' })
  })

  test('that is none leaves the very bytes', async () => {
    const body = Buffer.from(TEXT)
    for (const said of [undefined, '', 'identity']) expect(await decodeBody(body, said, within(10))).toBe(body)
  })

  test('several are taken off, the last first', async () => {
    const body = await CODERS.br(await CODERS.gzip(TEXT))
    expect(Buffer.from(await decodeBody(body, 'gzip, br', within(1000))).toString()).toBe(TEXT)
    expect(await refusalOf(body, 'br, gzip')).toMatchObject({ code: 'invalid_input' })
  })

  test.each(['compress', 'lzma', '__proto__', 'gzip, nope'])('%s, which is not known, is named', async (said) => {
    const unknown = said.split(', ').at(-1)
    expect(await refusalOf(await CODERS.gzip(TEXT), said)).toMatchObject({
      code: 'unsupported_media_type',
      message: expect.stringContaining(`"${unknown}"`),
    })
  })

  test.each(codings)('%s of a body that is none, or is cut off, is told', async (name, encode) => {
    const cut = (await encode(TEXT)).subarray(0, -6)
    for (const body of [Buffer.from(TEXT), cut]) {
      expect(await refusalOf(body, name)).toMatchObject({
        code: 'invalid_input',
        message: expect.stringContaining(name),
      })
    }
  })

  test.each(codings)('%s of what is too large is told before all of it is decoded', async (name, encode) => {
    const large = await encode(Buffer.alloc(10_000_000))
    expect(await refusalOf(large, name)).toMatchObject({ code: 'too_large' })
  })

  test('of nothing is nothing: a call without a body may have the header, too', async () => {
    for (const [name] of codings) expect((await decodeBody(new Uint8Array(), name, within(10))).byteLength).toBe(0)
  })
})

test('a fixture is found by a call in any coding', async () => {
  const { url } = await runServer({})
  const plain = await ask(url, { body: TEXT })
  expect(plain.status).toBe(200)
  for (const [name, encode] of codings) {
    const coded = await ask(url, { body: await encode(TEXT), headers: [['Content-Encoding', name]] })
    expect([coded.status, coded.body]).toEqual([200, plain.body])
  }
})

test('an unknown coding is 415, and a broken one 400', async () => {
  const { url } = await runServer({})
  const statusOf = async (body: string | Uint8Array, coding: string) =>
    (await ask(url, { body, headers: [['content-encoding', coding]] })).status
  expect(await statusOf(TEXT, 'compress')).toBe(415)
  expect(await statusOf(TEXT, 'gzip')).toBe(400)
})

test('a body without a length is read as it comes', async () => {
  const { url } = await runServer({})
  const body = new ReadableStream({
    start(controller) {
      for (const piece of [TEXT.slice(0, 20), TEXT.slice(20)]) controller.enqueue(new TextEncoder().encode(piece))
      controller.close()
    },
  })
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${url}/v1/responses`, { method: 'POST', headers, body, duplex: 'half' })
  expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('"completed"')])
})

test.each([
  ['one of a declared length', 'content-length: 100\r\n\r\n{"inp'],
  ['one without a length', 'transfer-encoding: chunked\r\n\r\n5\r\n{"inp'],
  ['a chunk that is none', 'transfer-encoding: chunked\r\n\r\n5\r\n{"inpx\r\n'],
])('a body that breaks off is no error of the server: %s', async (_name, rest) => {
  const { url, lines } = await runServer({})
  const socket = openSocket(url)
  socket.on('error', () => {})
  const head = `POST /v1/responses HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n${rest}`
  await new Promise((resolve) => socket.write(head, resolve))
  // The next request is answered after the event that the first has begun with.
  await fetch(`${url}/health`)
  socket.resetAndDestroy()
  await fetch(`${url}/health`)
  await settle()
  expect(lines.filter((line) => line.includes('"error"'))).toEqual([])
})

describe('a body that is too large', () => {
  const MAX_BODY_BYTES = '1000'
  /** More than a connection holds on its way, so that its sender is still sending when it is refused. */
  const large = JSON.stringify({ model: 'm', input: 'x'.repeat(20_000_000) })
  const told = { code: 'too_large', message: expect.stringContaining('MAX_BODY_BYTES') }

  test.each([
    ['of a declared length', large],
    [
      'without a length',
      new ReadableStream({
        start(controller) {
          for (let index = 0; index < 200; index++) controller.enqueue(new Uint8Array(100_000))
          controller.close()
        },
      }),
    ],
  ])('is 413 for a fetch: %s', async (_which, body) => {
    const { url } = await runServer({ MAX_BODY_BYTES })
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${url}/v1/responses`, { method: 'POST', headers, body, duplex: 'half' })
    expect([response.status, response.headers.get('connection')]).toEqual([413, 'close'])
    expect(await response.json()).toMatchObject({ error: told })
  })

  test('is an error of the SDK, after one try', async () => {
    const { url, lines } = await runServer({ MAX_BODY_BYTES })
    const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'any', maxRetries: 3 })
    await expect(openai.responses.create(JSON.parse(large))).rejects.toMatchObject({ status: 413, code: 'too_large' })
    expect(lines.filter((line) => line.includes('"error"'))).toEqual([])
  })

  test('is 413 for who sends all of it, slowly, before it reads anything', async () => {
    const { url } = await runServer({ MAX_BODY_BYTES })
    const socket = openSocket(url).setEncoding('latin1')
    socket.pause()
    const pieces = 100
    socket.write(
      `POST /v1/responses HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${pieces * 50_000}\r\n\r\n`,
    )
    for (let index = 0; index < pieces; index++) {
      await new Promise((resolve) => socket.write('x'.repeat(50_000), resolve))
      await settle()
    }
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    expect(text).toMatch(/^HTTP\/1\.1 413 /)
    expect(text).toContain('MAX_BODY_BYTES')
  })

  test('is 413 for who only says that it will be, and waits to be told to go on', async () => {
    const { url } = await runServer({ MAX_BODY_BYTES })
    const socket = openSocket(url).setEncoding('latin1')
    const length = 20_000_000_000
    socket.write(
      `POST /v1/responses HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n{`,
    )
    let text = ''
    socket.on('data', (chunk) => (text += String(chunk)))
    await once(socket, 'close')
    expect(text).toMatch(/^HTTP\/1\.1 413 /)
  })

  test('is 413 if it is that without its coding alone', async () => {
    const { url } = await runServer({ MAX_BODY_BYTES })
    const body = await CODERS.gzip(JSON.stringify({ input: 'x'.repeat(2000) }))
    expect(body.byteLength).toBeLessThan(1000)
    const response = await ask(url, { body, headers: [['content-encoding', 'gzip']] })
    expect(response.status).toBe(413)
    expect(JSON.parse(response.body.toString())).toMatchObject({ error: told })
    expect(valuesOf(response, 'x-should-retry')).toEqual(['false'])
  })

  test('is not if it is as large as it may be', async () => {
    const { url } = await runServer({ MAX_BODY_BYTES: String(Buffer.byteLength(TEXT)) })
    expect((await ask(url, { body: TEXT })).status).toBe(200)
    expect((await ask(url, { body: `${TEXT} ` })).status).toBe(413)
  })
})
