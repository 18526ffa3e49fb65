/** Who gets at the page and at its data, in a real browser. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { inBrowser } from '../kit/browser.ts'
import { servePage } from '../kit/page.ts'

/** A page of another server on this machine, as any project has one. */
async function otherOrigin(html = '<title>other</title>'): Promise<string> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end(html)
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const address = server.address()
  return typeof address === 'object' ? `http://127.0.0.1:${address?.port}` : ''
}

inBrowser('the page', (open) => {
  test('is held to a strict policy: what is no text of ours is not run', async () => {
    const { url } = await servePage()
    const page = await open(url, { expected: [/Trusted ?(?:HTML|Script|Type)|Content Security Policy/i] })
    await page.getByRole('navigation').getByRole('link', { name: 'Fixtures' }).waitFor()
    const tried = (code: string): Promise<string> =>
      page.evaluate<string>(`(() => { try { ${code}; return 'ran' } catch (error) { return error.name } })()`)
    expect(await tried("document.body.innerHTML = '<b>x</b>'")).toBe('TypeError')
    expect(await tried("document.createElement('script').text = 'window.ran = 1'")).toBe('TypeError')
    expect(await tried("trustedTypes.createPolicy('x', {})")).toBe('TypeError')
    expect(await tried("document.body.setAttribute('onclick', 'window.ran = 1')")).toBe('TypeError')
    const asked = await page.evaluate<string>("fetch('http://127.0.0.1:9/').then(() => 'got', () => 'nothing')")
    expect(asked).toBe('nothing')
    expect(await page.evaluate<unknown>('window.ran')).toBeUndefined()
  })

  test('shows nothing to a page of another origin', async () => {
    const { url } = await servePage()
    const here = `${await otherOrigin()}/`
    const page = await open(here, { expected: [/./] })
    const paths = [
      'status',
      'fixtures',
      'search?q=ada',
      'fixture?name=x',
      'raw?name=x',
      'export?name=x',
      'compare?name=x',
    ]
    for (const path of paths) {
      const got = `fetch('${url}/page/${path}').then((answer) => answer.text(), () => 'nothing')`
      expect([path, await page.evaluate<string>(got)]).toEqual([path, 'nothing'])
    }
    const fed = await page.evaluate<string>(`new Promise((tell) => {
      const socket = new WebSocket('${url.replace('http', 'ws')}/page/live')
      socket.onmessage = ({ data }) => tell(data)
      socket.onerror = () => tell('nothing')
    })`)
    expect(fed).toBe('nothing')
    const framed = await page.evaluate<string>(`new Promise((tell) => {
      const frame = document.createElement('iframe')
      frame.src = '${url}/'
      frame.onload = () => {
        try { tell(frame.contentDocument === null ? 'nothing' : frame.contentDocument.title) } catch { tell('nothing') }
      }
      document.body.append(frame)
    })`)
    expect(framed).toBe('nothing')
    const texts = await Promise.all(page.frames().map((frame) => frame.locator('body').textContent()))
    expect(texts.join('')).not.toContain('Fixtures')
  })
})

inBrowser('an answer that is a page', (open) => {
  test('runs no script where the browser is led to it, and reads nothing of the recordings', async () => {
    const script = "<script>fetch('/page/status').then(({ status }) => { document.title = `got ${status}` })</script>"
    const upstream = await otherOrigin(`<title>an answer</title><body>shown${script}`)
    const { url } = await servePage({ MODEL_MODE: 'live', UPSTREAMS: upstream })
    const page = await open(`${url}/${new URL(upstream).host}/page.html`, { expected: [/sandbox/i] })
    expect(await page.locator('body').innerText()).toBe('shown')
    const origin = page.evaluate<string>('self.origin')
    expect([await page.title(), await origin]).toEqual(['an answer', 'null'])
  })
})

describe('without a browser', () => {
  test.each(['/', '/index.html', '/page/status', '/page/fixtures', '/assets/x.js'])(
    'PAGE=0 turns %s off',
    async (path) => {
      const { url } = await servePage({ PAGE: '0' })
      expect((await fetch(url + path)).status).toBe(404)
    },
  )

  test('the page and what it is made of come with headers that say what a browser may do', async () => {
    const { url } = await servePage({ AUTH_TOKEN: 'secret' })
    const answer = await fetch(url)
    const html = await answer.text()
    const policy = answer.headers.get('content-security-policy') ?? ''
    for (const part of [
      "default-src 'none'",
      "script-src 'self'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ]) {
      expect(policy.split(/; */)).toContain(part)
    }
    const made = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => new URL(path, `${url}/`).href)
    expect(made.length).toBeGreaterThanOrEqual(2)
    expect(html).not.toMatch(/<script>|<style|style=|onload=/)
    for (const each of [url, ...made]) {
      const { status, headers } = await fetch(each)
      expect([each, status, headers.get('x-content-type-options')]).toEqual([each, 200, 'nosniff'])
    }
    for (const path of ['status', 'fixtures']) {
      expect((await fetch(`${url}/page/${path}`)).status).toBe(401)
      expect((await fetch(`${url}/page/${path}`, { headers: { 'x-deltatape-token': 'secret' } })).status).toBe(200)
    }
  })
})
