import { Dispatcher, EnvHttpProxyAgent } from 'undici'
import { expect, test } from 'vitest'
import { proxyFor } from '../../../server/model/transport/proxy.ts'

const HTTP_PROXY = 'http://proxy.example:3128'

/** Whom undici would connect to. */
function undiciWould(noProxy: string, origin: string): string {
  let asked = ''
  const agent = new EnvHttpProxyAgent({
    httpProxy: HTTP_PROXY,
    httpsProxy: '',
    noProxy,
    factory(target) {
      asked = new URL(target).host
      return Object.assign(new Dispatcher(), { dispatch: () => true })
    },
  })
  agent.dispatch({ origin, path: '/', method: 'GET' }, { onResponseError() {} })
  return asked
}

/** What NO_PROXY may say, and addresses that it may mean. */
const ENTRIES = [
  '',
  '*',
  '*:80',
  ' * ',
  'example.com',
  'EXAMPLE.com.',
  '.example.com',
  '*.example.com',
  'example.com:80',
  'example.com:8080',
  '*.example.com:8080',
  'ample.com',
  'com',
  'other.example, example.com',
  'other.example example.com',
  'localhost,127.0.0.1',
  '127.0.0.1:8080',
  '127.0.0.',
  '::1',
  '[::1]',
  '[::1]:80',
  '[::1]:8080',
  '1:2',
  'example.com:x',
  ',,',
]
const ADDRESSES = [
  'http://example.com',
  'http://example.com.',
  'http://api.example.com',
  'http://api.example.com:8080',
  'http://example.com:8080',
  'http://badexample.com',
  'http://localhost:8080',
  'http://127.0.0.1',
  'http://127.0.0.1:8080',
  'http://[::1]',
  'http://[::1]:8080',
]

test.each(ENTRIES)('NO_PROXY=%j means what it means to undici', (NO_PROXY) => {
  const ours = ADDRESSES.map((origin) => [origin, new URL(proxyFor({ HTTP_PROXY, NO_PROXY }, origin) ?? origin).host])
  expect(ours).toEqual(ADDRESSES.map((origin) => [origin, undiciWould(NO_PROXY, origin)]))
})

test.each([
  ['https://example.com', { HTTPS_PROXY: 'http://s:1', HTTP_PROXY: 'http://p:1' }, 'http://s:1'],
  ['http://example.com', { HTTPS_PROXY: 'http://s:1', HTTP_PROXY: 'http://p:1' }, 'http://p:1'],
  ['http://example.com', { HTTPS_PROXY: 'http://s:1' }, undefined],
  ['https://example.com', { HTTP_PROXY: 'http://p:1' }, 'http://p:1'],
  ['https://example.com', { https_proxy: 'http://lower:1', HTTPS_PROXY: 'http://upper:1' }, 'http://lower:1'],
  ['https://example.com', { HTTPS_PROXY: 'http://s:1', no_proxy: 'example.com:443' }, undefined],
  ['https://example.com', { HTTPS_PROXY: 'http://s:1', NO_PROXY: 'example.com:80' }, 'http://s:1'],
  ['https://example.com', {}, undefined],
])('%s with %j goes by %s', (origin, variables, proxy) => {
  expect(proxyFor(variables, origin)).toBe(proxy)
})
