import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { createDispatcher } from '../../../server/model/transport/dispatcher.ts'
import { createHttpTransport } from '../../../server/model/transport/http.ts'
import { callOf, failureOf, listen, makeCertificate, open, startProxy, textOf } from './network.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

const HOST = 'api.corp.invalid'

/** An API that can be reached by a proxy only, with a certificate that this process trusts. */
async function startSecureApi() {
  const certificate = await makeCertificate(HOST)
  const trusted = getCACertificates('default')
  setDefaultCACertificates([...trusted, certificate.cert])
  onTestFinished(() => setDefaultCACertificates(trusted))
  return listen(createHttpsServer(certificate, (request, response) => response.end(request.rawHeaders.join('\n'))))
}

const startApi = () => listen(createHttpServer((_request, response) => response.end('directly')))

async function ask(baseURL: string, variables: Readonly<Record<string, string>>): Promise<string> {
  const transport = createHttpTransport({ baseURL, apiKey: 'sk-server', dispatcher: createDispatcher(variables) })
  const headers = [
    ['X-One', '1'],
    ['X-Two', '2'],
    ['X-One', '3'],
  ] as const
  return textOf(await transport(callOf({ headers }), open()))
}

test.each(['HTTPS_PROXY', 'https_proxy'])('an API is reached by the proxy of %s', async (name) => {
  const port = await startSecureApi()
  const { url, seen } = await startProxy(port)
  const got = await ask(`https://${HOST}/v1`, { [name]: url })
  expect(seen).toEqual([`CONNECT ${HOST}:443`])
  expect(got).toMatch(/X-One\n1\n/)
  expect(got).toMatch(/X-Two\n2\n/)
  expect(got).toMatch(/X-One\n3\n/)
  expect(got).not.toMatch(/proxy/i)
})

test('a proxy is told whose it is, and the API is not', async () => {
  const port = await startSecureApi()
  const { url, seen } = await startProxy(port)
  const got = await ask(`https://${HOST}:8443/v1`, { HTTPS_PROXY: url.replace('//', '//me:secret@') })
  expect(seen).toEqual([`CONNECT ${HOST}:8443`])
  expect(got).not.toMatch(/secret|proxy/i)
})

test('a proxy that refuses is told as that', async () => {
  const { url } = await startProxy(1, '407 Proxy Authentication Required')
  const why = expect.stringContaining('407')
  const failure = failureOf(ask(`https://${HOST}/v1`, { HTTPS_PROXY: url }))
  expect(await failure).toMatchObject({ failure: { end: 'unreachable', why } })
})

test('a proxy that is not there is told as that', async () => {
  const failure = failureOf(ask(`https://${HOST}/v1`, { HTTPS_PROXY: 'http://127.0.0.1:1' }))
  expect(await failure).toMatchObject({ failure: { end: 'unreachable', why: 'ECONNREFUSED' } })
})

test('plain HTTP goes by the proxy of HTTP_PROXY, and directly to what NO_PROXY names', async () => {
  const port = await startApi()
  const { url, seen } = await startProxy(port)
  const baseURL = `http://127.0.0.1:${port}/v1`
  expect(await ask(baseURL, { http_proxy: url })).toBe('by the proxy')
  expect(seen).toEqual([`POST ${baseURL}/responses`])
  for (const name of ['NO_PROXY', 'no_proxy']) {
    expect(await ask(baseURL, { HTTP_PROXY: url, HTTPS_PROXY: url, [name]: 'other, 127.0.0.1' })).toBe('directly')
  }
  expect(seen).toHaveLength(1)
})

test('the variables of the process do not count', async () => {
  const port = await startApi()
  const { url, seen } = await startProxy(port)
  for (const name of ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy']) vi.stubEnv(name, url)
  expect(await ask(`http://127.0.0.1:${port}/v1`, {})).toBe('directly')
  expect(seen).toEqual([])
})
