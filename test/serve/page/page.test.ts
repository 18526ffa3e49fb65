/** The page as it is served: its files to all who are let in, and its data to itself. */
import { connect as connectHttp2 } from 'node:http2'
import { buffer } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { servePage } from '../../kit/page.ts'
import { type RawRequest, type RawResponse, ask as askRaw, valuesOf } from '../http/kit.ts'

type Asked = Omit<RawRequest, 'headers'> & { readonly headers?: Readonly<Record<string, string>> }

async function setUp(env: Record<string, string> = {}) {
  const { url, lines } = await servePage(env)
  const ask = (target: string, { headers = {}, ...more }: Asked = {}) =>
    askRaw(url, { method: 'GET', target, headers: Object.entries(headers), ...more })
  return { url, ask, lines }
}

const textOf = ({ body }: RawResponse) => body.toString()

const refusalIn = (response: RawResponse): unknown[] => [response.status, JSON.parse(textOf(response)).error.code]

const corsOf = ({ headers }: RawResponse) => headers.filter(([name]) => /^access-control-/i.test(name))

/** The paths that the HTML names: `/assets/index-BCfDVh78.js`. */
const namedIn = (html: string) => [...html.matchAll(/(?:src|href)="\.(\/[^"]+)"/g)].map(([, path = '']) => path)

const GUARDS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

const guardsOf = (response: RawResponse) =>
  Object.fromEntries(Object.keys(GUARDS).map((name) => [name, valuesOf(response, name).join()]))

describe('the files', () => {
  test('are HTML, and all that it names', async () => {
    const { ask } = await setUp()
    const page = await ask('/')
    expect([page.status, valuesOf(page, 'content-type')]).toEqual([200, ['text/html; charset=UTF-8']])
    const paths = namedIn(textOf(page))
    expect(paths).toHaveLength(3)
    const types = await Promise.all(
      paths.map(async (path) => {
        const asset = await ask(path)
        expect([asset.status, guardsOf(asset)]).toEqual([200, GUARDS])
        expect(valuesOf(asset, 'cache-control')).toEqual(['public, max-age=31536000, immutable'])
        return valuesOf(asset, 'content-type').join()
      }),
    )
    expect(types.toSorted()).toEqual(['image/svg+xml', 'text/css; charset=utf-8', 'text/javascript; charset=utf-8'])
  })

  test('run nothing but what this server serves, and are in no frame', async () => {
    const { ask } = await setUp()
    const page = await ask('/')
    expect(guardsOf(page)).toEqual(GUARDS)
    const policy = valuesOf(page, 'content-security-policy').join().split('; ')
    expect(policy).toEqual(expect.arrayContaining(["default-src 'none'", "script-src 'self'", "style-src 'self'"]))
    expect(policy).toEqual(expect.arrayContaining(["frame-ancestors 'none'", "trusted-types 'none'"]))
    expect(policy.join()).not.toMatch(/unsafe|\*|https?:/)
    expect(textOf(page)).not.toMatch(/<style|<script(?![^>]* src=)|\son\w+=|style=/)
  })

  test('are asked for again, and not sent again', async () => {
    const { ask } = await setUp()
    const page = await ask('/')
    expect(valuesOf(page, 'cache-control')).toEqual(['no-cache'])
    const [tag = ''] = valuesOf(page, 'etag')
    const again = await ask('/', { headers: { 'if-none-match': tag } })
    expect([again.status, textOf(again), valuesOf(again, 'cache-control')]).toEqual([304, '', ['no-cache']])
    expect((await ask('/', { headers: { 'if-none-match': '"other"' } })).status).toBe(200)
  })

  test('have a head alone', async () => {
    const { ask } = await setUp()
    const [path = ''] = namedIn(textOf(await ask('/')))
    for (const target of ['/', path]) {
      const head = await ask(target, { method: 'HEAD' })
      expect([head.status, textOf(head)]).toEqual([200, ''])
      expect(guardsOf(head)).toEqual(GUARDS)
    }
  })

  test.each([
    '/assets/',
    '/assets/index.js',
    '/assets/../index.html',
    '/assets/%2e%2e/index.html',
    '/assets/..%2findex.html',
    '/assets/..%2f..%2f..%2fpackage.json',
    '/assets/..%5c..%5cpackage.json',
    '/assets/%00',
    '/assets/%',
    '/assets//etc/passwd',
    '/assets/constructor',
    '/assets/__proto__',
    '/index.html',
    '/LICENCES.txt',
  ])('are none at %s', async (target) => {
    const { ask } = await setUp()
    expect(refusalIn(await ask(target))).toEqual([404, 'not_found'])
  })

  test('are got over HTTP/2, too', async () => {
    const { url } = await setUp()
    const session = connectHttp2(url)
    onTestFinished(() => session.destroy())
    const stream = session.request({ ':path': '/' })
    const [[head], body] = await Promise.all([
      new Promise<[Record<string, unknown>]>((resolve) => stream.once('response', (headers) => resolve([headers]))),
      buffer(stream),
    ])
    expect(head).toMatchObject({ ':status': 200, ...GUARDS })
    expect(namedIn(body.toString())).toHaveLength(3)
  })

  test('are only read', async () => {
    const { ask } = await setUp()
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      for (const target of ['/', '/page/status']) {
        expect([404, 403]).toContain((await ask(target, { method, body: '{}' })).status)
      }
    }
  })

  test('are not behind a name', async () => {
    const { ask } = await setUp()
    for (const target of ['/@one/', '/@one', '/@one/page/status', '/@one/assets/x.js']) {
      expect(refusalIn(await ask(target))).toEqual([404, 'not_found'])
    }
    expect((await ask('/', { headers: { 'x-deltatape-name': 'one' } })).status).toBe(404)
  })
})

test('PAGE=0 serves nothing of it', async () => {
  const { ask } = await setUp({ PAGE: '0' })
  for (const target of ['/', '/page/status', '/page/fixtures', '/page', '/assets/x.js']) {
    const response = await ask(target)
    expect(refusalIn(response)).toEqual([404, 'not_found'])
    expect(valuesOf(response, 'content-security-policy')).toEqual([])
  }
})

/** A fixture of those that are bundled. */
const NAME = 'my-name-is-ada-183f01058d02.jsonl'

const DATA = ['status', 'fixtures', 'search?q=ada', `fixture?name=${NAME}`, `raw?name=${NAME}`, `export?name=${NAME}`]
  .map((path) => `/page/${path}`)
  .concat('/page/nowhere')

describe('the data', () => {
  test('is told to whoever asks from no page, and to the own page', async () => {
    const { url, ask } = await setUp()
    for (const headers of [{}, { origin: url, 'sec-fetch-site': 'same-origin' }, { 'sec-fetch-site': 'none' }]) {
      const response = await ask('/page/status', { headers })
      expect([response.status, JSON.parse(textOf(response)).mode]).toEqual([200, 'replay'])
      expect(guardsOf(response)).toEqual(GUARDS)
      expect(valuesOf(response, 'content-security-policy').join()).toContain("default-src 'none'")
    }
  })

  test.each<Readonly<Record<string, string>>>([
    { origin: 'http://localhost:5173' },
    { origin: 'http://127.0.0.1:1' },
    { origin: 'https://app.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'cross-site, none' },
    { 'sec-fetch-site': '' },
    { origin: 'http://localhost:5173', 'sec-fetch-site': 'same-origin' },
  ])('is not told to another page, which shows itself by %o', async (headers) => {
    const { ask } = await setUp({ ALLOWED_ORIGINS: 'https://app.example,http://localhost:5173' })
    for (const target of [...DATA, '/%70age/status', '/x/../page/status', '//page/status']) {
      for (const method of ['GET', 'OPTIONS', 'POST']) {
        const response = await ask(target, { headers, method })
        const isData = !target.startsWith('//')
        if (isData) expect([target, ...refusalIn(response)]).toEqual([target, 403, 'forbidden'])
        expect(textOf(response)).not.toContain('replay')
        if (isData) expect(corsOf(response)).toEqual([])
      }
    }
  })

  test('is not told under the name of another host', async () => {
    const { ask } = await setUp()
    for (const headers of [{ host: 'evil.example' }, { host: 'evil.example', origin: 'http://evil.example' }]) {
      for (const target of ['/', ...DATA]) {
        expect(refusalIn(await ask(target, { headers }))).toEqual([403, 'forbidden'])
      }
    }
  })

  test('needs the token, which the files do not', async () => {
    const { ask } = await setUp({ AUTH_TOKEN: 'open-sesame' })
    const page = await ask('/')
    for (const target of ['/', ...namedIn(textOf(page))]) expect((await ask(target)).status).toBe(200)
    for (const target of DATA) {
      for (const headers of [{}, { authorization: 'Bearer wrong' }, { 'x-deltatape-token': 'wrong' }]) {
        const refused = await ask(target, { headers })
        expect([target, ...refusalIn(refused)]).toEqual([target, 401, 'unauthorized'])
        expect(valuesOf(refused, 'cache-control')).toEqual(['no-store'])
      }
    }
    const brought = [{ authorization: 'Bearer open-sesame' }, { 'x-deltatape-token': 'open-sesame' }]
    for (const headers of brought) expect((await ask('/page/status', { headers })).status).toBe(200)
  })

  test('is asked for again, and not sent again if it is the same', async () => {
    const { ask } = await setUp()
    for (const target of DATA.slice(0, -1)) {
      const first = await ask(target)
      expect([target, valuesOf(first, 'cache-control')]).toEqual([target, ['no-cache']])
      const [tag = ''] = valuesOf(first, 'etag')
      const again = await ask(target, { headers: { 'if-none-match': tag } })
      expect([target, again.status, textOf(again)]).toEqual([target, 304, ''])
    }
  })

  test('is saved, and never shown by itself, if it is a file', async () => {
    const { ask } = await setUp()
    const raw = await ask(`/page/raw?name=${NAME}`)
    expect(valuesOf(raw, 'content-type')).toEqual(['text/plain; charset=UTF-8'])
    expect(valuesOf(raw, 'content-disposition')).toEqual([`attachment; filename*=UTF-8''${NAME}`])
    const page = await ask(`/page/export?name=${NAME}`)
    expect(valuesOf(page, 'content-disposition').join()).toMatch(/^attachment; .*\.html$/)
    expect(textOf(page)).toContain('Nice to meet you, Ada!')
  })

  test.each(['', '../package.json', '/etc/passwd', '..%2f..%2fpackage.json', '%00', 'a'.repeat(3000), '__proto__'])(
    'is none of a fixture that is not listed: %s',
    async (name) => {
      const { ask } = await setUp()
      for (const path of ['fixture', 'raw', 'export', 'compare']) {
        expect(refusalIn(await ask(`/page/${path}?name=${name}`))).toEqual([404, 'not_found'])
      }
    },
  )
})
