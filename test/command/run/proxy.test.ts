/** The proxy of a run: what it lets out, by which way, and what it notes. */
import { once } from 'node:events'
import { type IncomingMessage, createServer, request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { type ProxyOptions, startProxy } from '../../../server/command/run/proxy.ts'

async function start(options: Partial<ProxyOptions> = {}) {
  const proxy = await startProxy({ letsOut: true, proxies: {}, ...options })
  onTestFinished(() => proxy.close())
  return proxy
}

/** A server that tells what it was asked, and closes with the test. */
async function startEcho() {
  const server = createServer(async (asked, response) => {
    response.setHeader('x-two', ['1', '2'])
    response.end(`${asked.method} ${asked.url} ${JSON.stringify(asked.headers)} ${await text(asked)}`)
  })
  server.on('upgrade', (_request, socket) => socket.end('upgraded'))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  return `127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
}

/** Asks the proxy for a whole address. */
const ask = async (proxy: string, path: string, headers: Record<string, string> = {}, body = '') => {
  const sent = request(proxy, { path, method: body ? 'POST' : 'GET', headers, agent: false }).end(body)
  const answer: IncomingMessage = (await once(sent, 'response'))[0]
  return { status: answer.statusCode, body: await text(answer), headers: answer.headers }
}

/** Says something to the proxy, and gives all that comes back. */
async function say(proxy: string, ...words: readonly string[]): Promise<string> {
  const socket = connect(Number(new URL(proxy).port), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  const [first = '', ...rest] = words
  socket.write(first)
  let heard = ''
  for await (const chunk of socket) {
    heard += String(chunk)
    const next = rest.shift()
    if (next !== undefined) socket.write(next)
  }
  return heard
}

test('what is on this machine is reached in every mode, and is no stray', async () => {
  const echo = await startEcho()
  const proxy = await start({
    letsOut: false,
    proxies: { HTTP_PROXY: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9' },
  })
  const asked = await ask(
    proxy.url,
    `http://${echo}/a?b=c`,
    { 'x-own': '1', 'proxy-authorization': 'Basic eA==' },
    'body',
  )
  expect(asked.status).toBe(200)
  expect(asked.body).toMatch(new RegExp(`^POST /a\\?b=c .*"x-own":"1".*"host":"127.*body$`))
  expect(asked.body).not.toContain('proxy-authorization')
  expect(asked.headers['x-two']).toBe('1, 2')
  const tunnelled = await say(
    proxy.url,
    `CONNECT ${echo} HTTP/1.1\r\nhost: ${echo}\r\n\r\n`,
    `GET /far HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`,
  )
  // A name of this machine that is of no loopback interface.
  expect((await ask(proxy.url, `http://${echo.replace('127.0.0.1', '0.0.0.0')}/`)).status).toBe(200)
  expect(tunnelled).toMatch(/^HTTP\/1\.1 200 Connection established\r\n\r\nHTTP\/1\.1 200 OK[\s\S]*GET \/far/)
  expect(proxy.strays()).toEqual([])
})

test('in replay nothing else is let out; each host is noted once, with how often', async () => {
  const proxy = await start({ letsOut: false })
  const { status, body } = await ask(proxy.url, 'http://api.x.ai/v1')
  expect([status, body]).toEqual([403, expect.stringMatching(/api\.x\.ai:80 does not go through deltatape.*NO_PROXY/)])
  for (const host of ['API.x.ai:443', 'api.x.ai.:443', '[2001:db8::1]:8443']) {
    const told = await say(proxy.url, `CONNECT ${host} HTTP/1.1\r\nhost: x\r\n\r\n`)
    expect(told).toMatch(/^HTTP\/1\.1 403 Not let out by deltatape\r\n[\s\S]*DELTATAPE_URL/)
  }
  expect(proxy.strays()).toEqual([
    { to: 'api.x.ai:80', host: 'api.x.ai', times: 1 },
    { to: 'api.x.ai:443', host: 'api.x.ai', times: 2 },
    { to: '[2001:db8::1]:8443', host: '2001:db8::1', times: 1 },
  ])
})

test.each(['/v1/responses', 'ftp://a.example/', 'https://a.example/', '*'])(
  '%s is nothing for a proxy',
  async (path) => {
    const proxy = await start()
    expect((await ask(proxy.url, path)).status).toBe(400)
    expect(proxy.strays()).toEqual([])
  },
)

test.each(['a.example', 'a.example:99999', 'a b:1', ':443'])('to %s no tunnel leads', async (goal) => {
  const proxy = await start()
  expect(await say(proxy.url, `CONNECT ${goal} HTTP/1.1\r\nhost: x\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /)
  expect(proxy.strays()).toEqual([])
})

test('where nobody is, that is told', async () => {
  const proxy = await start()
  expect(await ask(proxy.url, 'http://127.0.0.1:9/')).toMatchObject({
    status: 502,
    body: expect.stringContaining(':9 cannot be reached'),
  })
  expect(await say(proxy.url, 'CONNECT 127.0.0.1:9 HTTP/1.1\r\nhost: x\r\n\r\n')).toMatch(
    /^HTTP\/1\.1 502 .*\r\n[\s\S]*cannot be reached/,
  )
})

test('the proxy of the user has what is let out, with its login, but for the hosts that are spared', async () => {
  const seen: string[] = []
  const upper = createServer((asked, response) => {
    seen.push(`${asked.url} ${asked.headers['proxy-authorization']}`)
    response.writeHead(418).end('teapot')
  })
  upper.on('connect', (asked, socket) => {
    seen.push(`${asked.url} ${asked.headers['proxy-authorization']}`)
    socket.end(asked.url === 'no.example:443' ? 'HTTP/1.1 407 No\r\n\r\n' : 'HTTP/1.1 200 OK\r\n\r\nfrom afar')
  })
  await once(upper.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void upper.close())
  const address = upper.address()
  const own = `http://me:p%40ss@127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  const proxy = await start({
    proxies: { HTTP_PROXY: own, HTTPS_PROXY: own, NO_PROXY: '.invalid, *.spared.invalid:81' },
  })
  const tunnel = (goal: string) => say(proxy.url, `CONNECT ${goal} HTTP/1.1\r\nhost: x\r\n\r\n`)
  expect(await ask(proxy.url, 'http://shop.example:8080/a')).toMatchObject({ status: 418, body: 'teapot' })
  expect(await tunnel('shop.example:443')).toBe('HTTP/1.1 200 Connection established\r\n\r\nfrom afar')
  expect(await tunnel('no.example:443')).toContain('the proxy answers with 407')
  expect(await tunnel('a.invalid:443')).toMatch(/^HTTP\/1\.1 502 /)
  const login = `Basic ${Buffer.from('me:p@ss').toString('base64')}`
  expect(seen).toEqual([`http://shop.example:8080/a ${login}`, `shop.example:443 ${login}`, `no.example:443 ${login}`])
})
