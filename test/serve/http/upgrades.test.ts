/** Several requests in one write, of which the last leaves HTTP. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { compose } from '../../kit/answers.ts'
import { folderWith, runServer } from '../../kit/tools.ts'

const health = 'GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n'
const body = JSON.stringify({ model: 'gpt-4.1-mini', input: 'My name is Ada.' })
const post = `POST /v1/responses HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
const upgrade = (path: string) =>
  `GET ${path} HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-key: ${'A'.repeat(22)}==\r\nsec-websocket-version: 13\r\n\r\n`

/** What comes back, up to the head of the last response that is expected. */
async function answersTo(url: string, sent: string, last: RegExp): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1').setEncoding('latin1')
  socket.write(sent)
  let text = ''
  for await (const chunk of socket) {
    text += String(chunk)
    if (last.test(text)) break
  }
  return text
}

const statuses = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status))

test.each([
  ['/health and a WebSocket', health, '/ws', [200, 426]],
  ['an answer and a WebSocket', post, '/ws-stream', [200, 426]],
  ['several, and a path that is none', post + health + post, '/nope', [200, 200, 200, 404]],
  ['nothing but a WebSocket', '', '/ws', [101]],
])('are answered in their order: %s', async (_name, before, path, expected) => {
  const { url } = await runServer({})
  const last = new RegExp(`HTTP/1\\.1 ${expected.at(-1)}`)
  expect(statuses(await answersTo(url, before + upgrade(path), last))).toEqual(expected)
})

test('a large answer comes whole, and the server can end', async () => {
  const deltas = Array.from({ length: 4000 }, (_, index) => ` ${index}`)
  const dir = await folderWith({ Count: { events: compose('count').text(deltas).completed() } })
  const server = await runServer({ FIXTURES_DIR: dir })
  const count = JSON.stringify({ model: 'gpt-4.1-mini', input: 'Count', stream: true })
  const large = post.replace(body, count).replace(`${body.length}`, `${count.length}`)
  const text = await answersTo(server.url, large + upgrade('/ws'), /HTTP.1.1 426/)
  expect(text).toContain('event: response.completed')
  await server.close()
})

test('behind answers that have ended a connection may leave HTTP', async () => {
  const { url } = await runServer({})
  const socket = connect(Number(new URL(url).port), '127.0.0.1').setEncoding('latin1')
  socket.write(health)
  await once(socket, 'data')
  socket.write(upgrade('/ws'))
  expect(statuses(String(await once(socket, 'data')))).toEqual([101])
  socket.destroy()
})

test('a client that hangs up before its upgrade is no trouble', async () => {
  const { url, lines } = await runServer({})
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.on('error', () => {})
  await new Promise((resolve) => socket.write(post + upgrade('/ws'), resolve))
  socket.resetAndDestroy()
  expect((await fetch(`${url}/health`)).status).toBe(200)
  expect(lines.filter((line) => line.includes('"error"'))).toEqual([])
})

test('an upgrade with two hosts has none that is known', async () => {
  const { url } = await runServer({})
  const two = upgrade('/ws').replace('host: localhost', 'host: localhost\r\nhost: evil.example')
  expect(statuses(await answersTo(url, two, /HTTP.+\r\n/))).toEqual([403])
})

test('CONNECT gets a status, too', async () => {
  const { url } = await runServer({})
  const text = await answersTo(url, 'CONNECT localhost:443 HTTP/1.1\r\nhost: localhost\r\n\r\n', /HTTP.+\r\n/)
  expect(statuses(text)).toEqual([404])
})
