/** Real clients: what they record through deltatape is what they replay, with the upstream gone. */
import { createOpenAI } from '@ai-sdk/openai'
import { Agent, OpenAIProvider, Runner, setTracingDisabled, tool } from '@openai/agents'
import { isStepCount, streamText, tool as aiTool } from 'ai'
import OpenAI, { APIError, RateLimitError } from 'openai'
import { ResponsesWS } from 'openai/resources/responses/ws'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createFetch } from '../server/package/fetch.ts'
import { compose, steps, words } from './kit/answers.ts'
import { FAILURES } from './kit/bundled.ts'
import { type Answer, type Call, startStandIn } from './kit/standin.ts'
import { runServer, temporaryFolder } from './kit/tools.ts'

const MODEL = 'gpt-4.1-mini'

/** A weather service's assistant: asks for the weather, and then tells it; in one piece if nobody asks for a stream. */
function assist({ body }: Call): Answer {
  const asked = JSON.stringify(body.input)
  const events = asked.includes('function_call_output')
    ? compose('told').text(words('It is 21 degrees in Paris.')).completed()
    : asked.includes('weather')
      ? compose('asks').reasoning(words('I should look.')).call('get_weather', ['{"city":', '"Paris"}']).completed()
      : compose('text').text(words('Hello there, 世界! 👋🏽')).completed()
  return body.stream === true ? { steps: steps(events) } : { body: JSON.stringify(events.at(-1)?.response) }
}

/** Lets a client talk to a recording server, and then to one that replays, in another process's place. */
async function recordAndReplay<T>(talk: (baseURL: string) => Promise<T>): Promise<{ live: T; replayed: T }> {
  const dir = await temporaryFolder()
  const standIn = await startStandIn(assist)
  const recording = await runServer({
    MODEL_MODE: 'record',
    OPENAI_API_KEY: 'sk-stand-in',
    OPENAI_BASE_URL: standIn.url,
    FIXTURES_DIR: dir,
  })
  const live = await talk(`${recording.url}/v1`)
  await recording.close()
  await standIn.close()
  const replaying = await runServer({ FIXTURES_DIR: dir })
  return { live, replayed: await talk(`${replaying.url}/v1`) }
}

describe('the OpenAI SDK', () => {
  const params = { model: MODEL, input: 'Say hello' } as const
  const client = (baseURL: string) => new OpenAI({ baseURL, apiKey: 'any', maxRetries: 0 })

  test('create, streamed: the same events', async () => {
    const { live, replayed } = await recordAndReplay(async (url) => {
      const events = []
      for await (const event of await client(url).responses.create({ ...params, stream: true })) events.push(event)
      return events
    })
    expect(live.at(-1)?.type).toBe('response.completed')
    expect(replayed).toEqual(live)
  })

  test('create, not streamed: the same response', async () => {
    const { live, replayed } = await recordAndReplay(async (url) => client(url).responses.create(params))
    expect(live.output_text).toBe('Hello there, 世界! 👋🏽')
    expect(live.usage?.output_tokens).toBeGreaterThan(0)
    expect(replayed).toEqual(live)
  })

  test('stream().finalResponse()', async () => {
    const { live, replayed } = await recordAndReplay((url) => client(url).responses.stream(params).finalResponse())
    expect(live.output_text).toBe('Hello there, 世界! 👋🏽')
    expect(replayed).toEqual(live)
  })

  test('ResponsesWS: turns chained on one connection', async () => {
    const { live, replayed } = await recordAndReplay(async (url) => {
      const ws = new ResponsesWS(client(url))
      const seen: unknown[] = []
      let asked = 0
      ws.send({ type: 'response.create', ...params })
      for await (const message of ws.stream()) {
        if (message.type === 'error') throw message.error
        if (message.type !== 'message') continue
        seen.push(message.message)
        if (message.message.type !== 'response.completed') continue
        if (++asked === 2) ws.close()
        else
          ws.send({
            type: 'response.create',
            ...params,
            input: 'And again',
            previous_response_id: message.message.response.id,
          })
      }
      return seen
    })
    expect(live.filter((event) => JSON.stringify(event).includes('"response.completed"'))).toHaveLength(2)
    expect(replayed).toEqual(live)
  })

  test('ResponsesWS: an error is an error of the API, and the connection goes on', async () => {
    const { url } = await runServer({})
    const ws = new ResponsesWS(client(`${url}/v1`))
    const seen: unknown[] = []
    ws.send({ type: 'response.create', model: MODEL, input: 'nobody asked this' })
    ws.send({ type: 'response.create', model: MODEL, input: FAILURES.refused })
    ws.send({ type: 'response.create', model: MODEL, input: FAILURES.reset })
    ws.send({ type: 'response.create', model: MODEL, input: 'My name is Ada.' })
    for await (const message of ws.stream()) {
      if (message.type === 'error') seen.push(message.error.error)
      if (message.type === 'message' && message.message.type === 'response.completed') ws.close()
    }
    expect(seen).toMatchObject([
      { type: 'error', status: 404, error: { code: 'fixture_miss' } },
      { type: 'error', status: 429, error: { code: 'rate_limit_exceeded' } },
      { type: 'error', status: 502, error: { code: 'upstream_reset' } },
    ])
  })

  test('a recorded 429 is a RateLimitError with its headers, and is tried again as the SDK does', async () => {
    const { url, lines } = await runServer({})
    const ask = (maxRetries: number) =>
      new OpenAI({ baseURL: `${url}/v1`, apiKey: 'any', maxRetries }).responses
        .create({ model: MODEL, input: FAILURES.refused })
        .catch((error: unknown) => error)
    const error = await ask(0)
    expect(error).toBeInstanceOf(RateLimitError)
    expect(error).toMatchObject({ status: 429, code: 'rate_limit_exceeded', requestID: 'req_standin_429' })
    expect(error instanceof APIError && error.headers?.get('retry-after')).toBe('20')
    expect(lines).toHaveLength(1)
  })

  test('a miss is not worth a retry', async () => {
    const { url, lines } = await runServer({})
    const asking = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'any', maxRetries: 5 }).responses.create({
      model: MODEL,
      input: 'nobody asked this',
    })
    await expect(asking).rejects.toMatchObject({
      status: 404,
      code: 'fixture_miss',
      message: expect.stringContaining('The nearest is'),
    })
    expect(lines).toHaveLength(1)
  })

  test('an error event raises the error of the SDK, a broken connection a TypeError, a cut stream ends', async () => {
    const ask = async (input: string) => {
      const types: string[] = []
      try {
        const stream = await new OpenAI({ apiKey: 'any', maxRetries: 0, fetch: createFetch() }).responses.create({
          model: MODEL,
          input,
          stream: true,
        })
        for await (const event of stream) types.push(event.type)
        return types.at(-1)
      } catch (error) {
        return error
      }
    }
    const raised = await ask(FAILURES.error)
    expect(raised).toBeInstanceOf(APIError)
    expect(raised).toMatchObject({ code: 'server_error' })
    expect(await ask(FAILURES.reset)).toMatchObject({ name: 'TypeError', message: 'terminated' })
    expect(await ask(FAILURES.truncated)).toBe('response.output_text.delta')
    expect(await ask(FAILURES.malformed)).toBeInstanceOf(SyntaxError)
  })

  test('in process, without a port', async () => {
    const openai = new OpenAI({ apiKey: 'any', fetch: createFetch() })
    expect((await openai.responses.create({ model: MODEL, input: 'My name is Ada.' })).output_text).toContain('Ada')
    const listed = await openai.models.list()
    expect(listed.data.map(({ id }) => id)).toEqual(['gpt-0', MODEL])
  })
})

describe('the Vercel AI SDK', () => {
  test('streamText: the same text, tool calls and usage', async () => {
    const { live, replayed } = await recordAndReplay(async (baseURL) => {
      const result = streamText({
        model: createOpenAI({ baseURL, apiKey: 'any' })(MODEL),
        prompt: 'What is the weather in Paris?',
        tools: {
          get_weather: aiTool({
            inputSchema: z.object({ city: z.string() }),
            execute: ({ city }) => `21 degrees in ${city}`,
          }),
        },
        stopWhen: isStepCount(3),
      })
      const text: string[] = []
      for await (const piece of result.textStream) text.push(piece)
      const stepsTaken = await result.steps
      return {
        text,
        calls: stepsTaken.flatMap(({ toolCalls }) => toolCalls.map(({ toolName, input }) => ({ toolName, input }))),
        usage: await result.totalUsage,
      }
    })
    expect(live.text.join('')).toBe('It is 21 degrees in Paris.')
    expect(live.text.length).toBeGreaterThan(3)
    expect(live.calls).toEqual([{ toolName: 'get_weather', input: { city: 'Paris' } }])
    expect(live.usage.totalTokens).toBeGreaterThan(0)
    expect(replayed).toEqual(live)
  })
})

describe('the OpenAI Agents SDK', () => {
  setTracingDisabled(true)

  test('a run with a tool, streamed: the same text and usage', async () => {
    const { live, replayed } = await recordAndReplay(async (baseURL) => {
      const runner = new Runner({
        modelProvider: new OpenAIProvider({ openAIClient: new OpenAI({ baseURL, apiKey: 'any' }) }),
      })
      const agent = new Agent({
        name: 'Weather',
        model: MODEL,
        tools: [
          tool({
            name: 'get_weather',
            description: 'The weather in a city',
            parameters: z.object({ city: z.string() }),
            execute: ({ city }) => `21 degrees in ${city}`,
          }),
        ],
      })
      const result = await runner.run(agent, 'What is the weather in Paris?', { stream: true })
      const pieces: string[] = []
      for await (const event of result) {
        if (event.type === 'raw_model_stream_event' && event.data.type === 'output_text_delta')
          pieces.push(event.data.delta)
      }
      await result.completed
      return { pieces, final: result.finalOutput, usage: result.state.usage.totalTokens }
    })
    expect(live.final).toBe('It is 21 degrees in Paris.')
    expect(live.pieces.join('')).toBe('It is 21 degrees in Paris.')
    expect(live.usage).toBeGreaterThan(0)
    expect(replayed).toEqual(live)
  })
})
