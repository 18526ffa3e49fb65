/** Whose key a call carries to the API, and that none of them is told to anybody else. */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compose, steps } from '../../kit/answers.ts'
import { type Answer, sse } from '../../kit/standin.ts'
import { runServer } from '../../kit/tools.ts'
import { type RawRequest, ask, good, runWithStandIn } from './kit.ts'

type Header = readonly [name: string, value: string]

const CLIENT = 'sk-the-key-of-the-client'
const SERVER = 'sk-the-key-of-the-server'
const TOKEN = 'open-sesame-open-sesame'
const bearer = (key: string): Header => ['Authorization', `Bearer ${key}`]
const token = (value: string): Header => ['X-Deltatape-Token', value]

const body = JSON.stringify({ model: 'gpt-4.1-mini', input: 'Hi', stream: true })

/** All that was written to a folder of fixtures. */
async function filesIn(dir: string): Promise<string> {
  const names = await readdir(dir, { recursive: true })
  return (await Promise.all(names.map((name) => readFile(join(dir, name), 'utf8')))).join('\n')
}

describe('the key that the API is sent', () => {
  test.each<[string, Record<string, string>, readonly Header[], string]>([
    ["is the client's if it sent one", {}, [bearer(CLIENT)], `Bearer ${CLIENT}`],
    ["is the client's as it was written", {}, [['authorization', `bearer  ${CLIENT}`]], `bearer  ${CLIENT}`],
    ["is the server's if it sent none", {}, [], `Bearer ${SERVER}`],
    ["is the server's if it sent the word any", {}, [bearer('any')], `Bearer ${SERVER}`],
    ["is the server's if it sent the token", { AUTH_TOKEN: TOKEN }, [bearer(TOKEN)], `Bearer ${SERVER}`],
    ["is the client's beside the token", { AUTH_TOKEN: TOKEN }, [bearer(CLIENT), token(TOKEN)], `Bearer ${CLIENT}`],
    ["is the server's beside the token", { AUTH_TOKEN: TOKEN }, [bearer('any'), token(TOKEN)], `Bearer ${SERVER}`],
    ['is never the token itself', { AUTH_TOKEN: TOKEN }, [bearer(TOKEN), token(TOKEN)], `Bearer ${SERVER}`],
    ["is the client's if the server has none", { OPENAI_API_KEY: '' }, [bearer(CLIENT)], `Bearer ${CLIENT}`],
  ])('%s', async (_what, env, headers, expected) => {
    for (const target of ['/v1/responses', '/v1/embeddings']) {
      const { server, standIn, dir } = await runWithStandIn(
        () => ({ status: 401, body: JSON.stringify({ error: { message: `Bad key ${CLIENT}, ${SERVER}` } }) }),
        { OPENAI_API_KEY: SERVER, RECORD_FAILURES: '1', ...env },
      )
      expect((await ask(server.url, { target, body, headers })).status).toBe(401)
      const { headers: sent } = standIn.calls[0] ?? {}
      expect(sent?.authorization).toBe(expected)
      expect(JSON.stringify(sent)).not.toContain(TOKEN)
      await server.close()
      const kept = [...server.lines, await filesIn(dir)].join('\n')
      expect(kept).toContain('Bad key')
      expect(kept).not.toContain(expected.replace(/^bearer +/i, ''))
      expect(kept).not.toContain(TOKEN)
    }
  })

  test.each<[string, readonly Header[]]>([
    ['none', []],
    ['the word any', [bearer('any')]],
    ['the token', [bearer(TOKEN), token(TOKEN)]],
  ])('is asked for if the client sent %s, and the server has none', async (_what, headers) => {
    const { server, standIn, store } = await runWithStandIn(() => ({}), { OPENAI_API_KEY: '', AUTH_TOKEN: TOKEN })
    const asked: RawRequest[] = [
      { body },
      { target: '/v1/embeddings', body },
      { method: 'GET', target: '/v1/responses/resp_1' },
    ]
    for (const each of asked) {
      const withToken = headers.some(([name]) => name === 'X-Deltatape-Token') ? headers : [...headers, token(TOKEN)]
      const refused = await ask(server.url, { ...each, headers: withToken })
      expect(refused.status).toBe(401)
      expect(JSON.parse(refused.body.toString()).error.message).toContain('OPENAI_API_KEY')
    }
    expect(standIn.calls).toEqual([])
    expect(await store.list()).toEqual([])
  })
})

const REFUSED = JSON.stringify({ error: { message: `Incorrect API key: ${SERVER}.` } })
const FAILED = JSON.stringify({ id: 'r', object: 'response', status: 'failed', error: { message: `Bad: ${SERVER}` } })

/** The API repeats the key in what it says of a failure. */
const LEAKS: Readonly<Record<string, Answer>> = {
  'an error of JSON': { status: 401, body: REFUSED },
  'an error that says how long it is': {
    status: 401,
    headers: { 'content-length': String(REFUSED.length) },
    body: REFUSED,
  },
  'an error of another kind, and its headers': {
    status: 500,
    headers: { 'content-type': 'text/html', 'x-request-id': SERVER, 'retry-after': SERVER },
    body: `<p>${SERVER}</p>`,
  },
  'an error that is cut in two on its way': {
    status: 403,
    headers: { 'content-type': 'application/json' },
    steps: [{ raw: `{"error":{"message":"${SERVER.slice(0, 9)}` }, { raw: `${SERVER.slice(9)}"}}`, after: 20 }],
  },
  'an error event': { steps: steps(compose('x').error('server_error', `Your key ${SERVER} is bad`)) },
  'an error event alone': { steps: steps([{ type: 'error', message: `Your key ${SERVER} is bad`, code: 'bad' }]) },
  'a failed response': { steps: steps(compose('x').failed('server_error', `Your key ${SERVER} is bad`)) },
  'a failed response in one piece': {
    headers: { 'content-length': String(FAILED.length) },
    body: FAILED,
  },
  'an event that is none': { steps: [{ raw: `data: {${SERVER}\n\n` }] },
}

describe.each(Object.entries(LEAKS))("the server's key in %s", (_name, leak) => {
  test.each(['record', 'auto', 'live'])('reaches no client, log or file: %s', async (mode) => {
    const env = { OPENAI_API_KEY: SERVER, RECORD_FAILURES: '1', LOG_LEVEL: 'debug', MODEL_MODE: mode }
    const { server, standIn, dir } = await runWithStandIn(() => leak, env)
    const answered = await ask(server.url, { body })
    const others = mode === 'auto' ? [await ask(server.url, { body: body.replace(',"stream":true', '') })] : []
    await server.close()
    const replaying = await runServer({ FIXTURES_DIR: mode === 'live' ? 'fixtures' : dir })
    const replayed = [
      await ask(replaying.url, { body }),
      await ask(replaying.url, { body: '{"model":"gpt-4.1-mini","input":"Hi"}' }),
    ]
    const told = [answered, ...others, ...replayed].map(
      ({ headers, body: said }) => JSON.stringify(headers) + said.toString(),
    )
    const all = [...told, ...server.lines, ...replaying.lines, await filesIn(dir)].join('\n')
    for (const part of [SERVER, SERVER.slice(-SERVER.length / 2)]) expect(all).not.toContain(part)
    expect(told[0]).toContain('[redacted:api-key]')
    expect(standIn.calls[0]?.headers.authorization).toBe(`Bearer ${SERVER}`)
  })
})

test('an answer is the very bytes, whatever they hold, if the API tells of no failure', async () => {
  const text = good.map(sse).join('').replaceAll('"one"', JSON.stringify(SERVER))
  const { server } = await runWithStandIn(() => ({ steps: [{ raw: text }] }), { OPENAI_API_KEY: SERVER })
  expect((await ask(server.url, { body })).body.toString()).toBe(text)
})
