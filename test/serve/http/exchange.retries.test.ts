/** What the SDKs try again by themselves: with deltatape between as without. */
import OpenAI from 'openai'
import { expect, test } from 'vitest'
import { runServer } from '../../kit/tools.ts'
import { good, post, readAll, runWithStandIn } from './kit.ts'

/** The text of an answer that an SDK was given, which tries once more. */
const ask = async (url: string): Promise<string> => {
  const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'any', maxRetries: 1 })
  const stream = openai.responses.stream({ model: 'gpt-4.1-mini', input: 'Hi' })
  return (await stream.finalResponse()).output_text
}

const answer = (_call: unknown, index: number) =>
  index === 0 ? ({ instead: 'reset' } as const) : { steps: good.map((event) => ({ event })) }

test('an API that is not reached at first', async () => {
  const { server, standIn } = await runWithStandIn(answer, { MODEL_MODE: 'live' })
  expect(await ask(server.url)).toBe('one two three')
  expect(standIn.calls).toHaveLength(2)
})

test('the same in a recording of takes, and from it', async () => {
  const { server, standIn, dir } = await runWithStandIn(answer, { RECORD_TAKES: '1' })
  expect(await ask(server.url)).toBe('one two three')
  expect(standIn.calls).toHaveLength(2)
  await server.close()
  const { url, lines } = await runServer({ FIXTURES_DIR: dir })
  expect(await ask(url)).toBe('one two three')
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ code: 'upstream_unreachable' }, { action: 'hit' }])
})

test('a server that is busy, which says how soon', async () => {
  const { promise: free, resolve } = Promise.withResolvers<void>()
  const { server, called } = await runWithStandIn(() => ({ steps: [{ until: free }] }), { MAX_CONNECTIONS: '1' })
  const first = post(server.url, { input: 'Hi', stream: true })
  await called()
  const { status, headers } = await post(server.url, { input: 'Hi', stream: true })
  expect([status, headers.get('retry-after'), headers.get('x-should-retry')]).toEqual([503, '1', null])
  resolve()
  await readAll(await first)
})
