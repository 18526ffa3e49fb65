/** Heads that cannot be sent, in fixtures: what can be sent is sent, and the connection goes on. */
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { compose, words } from '../../kit/answers.ts'
import { folderWith, runServer } from '../../kit/tools.ts'
import { openSocket } from './kit.ts'

const EVENTS = compose('edges').text(words('Hello there')).completed()

/** A replayed answer with these members in the response of its fixture, and what came after it on the connection. */
async function replayed(member: string): Promise<{ first: string; second: boolean }> {
  const dir = await folderWith({ Hi: { events: EVENTS } })
  for (const name of await readdir(dir)) {
    const text = await readFile(join(dir, name), 'utf8')
    await writeFile(join(dir, name), text.replace(/"status":200,"headers":\{[^}]*\}/, member))
  }
  const { url } = await runServer({ FIXTURES_DIR: dir })
  const body = JSON.stringify({ model: 'gpt-4.1-mini', input: 'Hi', stream: true })
  const socket = openSocket(url).setEncoding('latin1')
  socket.write(
    `POST /v1/responses HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
  socket.write('GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n')
  let all = ''
  for await (const chunk of socket) all += String(chunk)
  return { first: all.slice(0, all.lastIndexOf('HTTP/1.1 ')), second: all.includes('{"status":"ok"}') }
}

test.each([
  'bad name',
  'x-lines":"b\\r\\nx-injected: 1","x-b',
  'x-japanese":"日本","x-b',
  'content-length',
  'transfer-encoding":"chunked","x-b',
  'content-encoding":"gzip","x-b',
  'access-control-allow-origin',
  'connection":"upgrade","upgrade',
  '__proto__',
  'x-deltatape',
])('a header that is none to send is left out: %s', async (name) => {
  const { first, second } = await replayed(`"status":400,"headers":{"x-good":"1","${name}":"3"}`)
  expect(first).toMatch(/^HTTP\/1\.1 400 /)
  expect(first).toContain('x-good: 1')
  expect(first).not.toMatch(
    /\r\nx-injected|"internal"|access-control|upgrade|encoding: |x-deltatape: 3|content-length: 3\r/,
  )
  expect(second).toBe(true)
})

test.each([204, 304, 599, 999])('status %i is sent', async (status) => {
  const { first, second } = await replayed(`"status":${status},"headers":{}`)
  expect(first).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  expect(second).toBe(true)
})

test.each([0, 100, 101, 199, 1000])('status %i is none of an answer: the fixture is damaged', async (status) => {
  const { first, second } = await replayed(`"status":${status},"headers":{}`)
  expect(first).toMatch(/^HTTP\/1\.1 500 [^]*"fixture_invalid"/)
  expect(second).toBe(true)
})
