/** The proxy of the docs, run as it is written: nginx in front of two servers. */
import { expect, onTestFinished, test } from 'vitest'
import { compose, words } from './kit/answers.ts'
import { connect } from './kit/client.ts'
import { readPage } from './kit/docs.ts'
import { checkWith, runNginx, withNginx } from './kit/nginx.ts'
import { freePort } from './kit/ports.ts'
import { type Step, sse } from './kit/standin.ts'
import { runStandIn } from './kit/tools.ts'
import { type Watched, startProcess } from './soak/process.ts'

const [, conf = ''] = /^```nginx\n([\s\S]*?)^```$/m.exec(await readPage('docs/replicas.md')) ?? []

/** A server on the fixtures of the checkout, until the test is over. */
async function serve(env: Record<string, string>): Promise<Watched> {
  const server = await startProcess(env)
  onTestFinished(async () => void (await server.stop()))
  return server
}

/** Two servers that answer alike, and say in a header which of them it was. */
const two = async (): Promise<[Watched, Watched]> => [
  await serve({ MODEL_MODE: 'replay' }),
  await serve({ MODEL_MODE: 'auto', OPENAI_API_KEY: 'sk-stand-in', OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' }),
]

/** The configuration, in front of these servers; gives its address. */
async function proxyFor(program: string, servers: readonly Watched[]): Promise<string> {
  const port = await freePort()
  const [first = '', second = ''] = servers.map(({ url }) => new URL(url).host)
  const here = conf
    .replace('10.0.0.11:3300', first)
    .replace('10.0.0.12:3300', second)
    .replace('listen 3300', `listen 127.0.0.1:${port}`)
  await runNginx(program, here)
  return `http://127.0.0.1:${port}`
}

const post = (url: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${url}/v1/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'gpt-4.1-mini', input: 'My name is Ada.', stream: true }),
  })

const NAMES = Array.from({ length: 24 }, (_, index) => `test-${index}`)

/** Reads an answer to its end; gives the mode of the server that it came from. */
async function answererOf(answer: Response): Promise<string> {
  expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('response.completed')])
  return answer.headers.get('x-deltatape')?.split(' ').at(-1) ?? ''
}

/** Asks once under each name; who answered which. */
const answerers = async (proxy: string): Promise<Map<string, string>> =>
  new Map(
    await Promise.all(NAMES.map(async (name) => [name, await answererOf(await post(`${proxy}/@${name}`))] as const)),
  )

withNginx('nginx of docs/replicas.md', (program) => {
  test('takes the configuration as it stands, and would say if it did not', async () => {
    await checkWith(program, conf)
    await expect(checkWith(program, conf.replace('proxy_buffering', 'proxy_bufering'))).rejects.toThrow(
      'proxy_bufering',
    )
  })

  test('sends each name to one server, in the address as in the header, and a client without a name too', async () => {
    const proxy = await proxyFor(program, await two())
    const first = await answerers(proxy)
    expect(new Set(first.values())).toEqual(new Set(['replay', 'auto']))
    expect(await answerers(proxy)).toEqual(first)
    for (const [name, answerer] of first) {
      expect(await answererOf(await post(proxy, { 'x-deltatape-name': name }))).toBe(answerer)
      expect(await answererOf(await post(`${proxy}/%40${name}`))).toBe(answerer)
    }
    const nameless = await Promise.all(Array.from({ length: 8 }, async () => answererOf(await post(proxy))))
    expect(new Set(nameless).size).toBe(1)
  })

  test('keeps a name where it is when a fault breaks its answer before the head', async () => {
    const proxy = await proxyFor(program, await two())
    const first = await answerers(proxy)
    for (const name of NAMES.filter((each) => first.get(each) === 'replay')) {
      await fetch(`${proxy}/@${name}/fault`, { method: 'PUT', body: '{"fault":"drop","times":1}' })
      expect((await post(`${proxy}/@${name}`)).status).toBe(502)
    }
    expect(await answerers(proxy)).toEqual(first)
  })

  test('passes each piece on as it comes, and each message of a WebSocket', async () => {
    const events = compose('proxy').text(words('one two three')).completed()
    let seen = events.map(() => Promise.withResolvers<void>())
    // The API says nothing more before the client has what was said.
    const standIn = await runStandIn(() => ({
      steps: events.flatMap((event, index): Step[] => [
        { event },
        { until: seen[index]?.promise ?? Promise.resolve() },
      ]),
    }))
    const env = { MODEL_MODE: 'live', OPENAI_API_KEY: 'sk-stand-in', OPENAI_BASE_URL: standIn.url }
    const proxy = await proxyFor(program, [await serve(env), await serve(env)])

    const { body } = await post(proxy)
    let text = ''
    for await (const chunk of body ?? []) {
      text += Buffer.from(chunk).toString()
      for (const each of seen.slice(0, text.split('\n\n').length - 1)) each.resolve()
    }
    expect(text).toBe(events.map(sse).join(''))

    // Of these only deltas come out at the other end.
    const isDelta = ({ type }: { readonly type?: unknown }) => type === 'response.output_text.delta'
    seen = events.map(() => Promise.withResolvers())
    for (const [index, each] of seen.entries()) if (!isDelta(events[index] ?? {})) each.resolve()
    const chat = await connect(`${proxy}/@chat/ws-stream`)
    chat.send({ input: 'My name is Ada.' })
    for (const [index, each] of seen.entries()) {
      if (!isDelta(events[index] ?? {})) continue
      expect(await chat.next()).toMatchObject({ type: 'delta' })
      each.resolve()
    }
    expect(await chat.next()).toMatchObject({ type: 'message', message: 'one two three' })
    await chat.close()
    expect(standIn.calls).toHaveLength(2)
  })

  test('lets the names of a killed server move on, and no other, and come back with it', async () => {
    const servers = await two()
    const proxy = await proxyFor(program, servers)
    const first = await answerers(proxy)
    const [killed] = servers
    killed.child.kill('SIGKILL')
    await killed.ended
    expect(new Set((await answerers(proxy)).values())).toEqual(new Set(['auto']))
    await serve({ MODEL_MODE: 'replay', PORT: new URL(killed.url).port })
    expect(await answerers(proxy)).toEqual(first)
  })
})
