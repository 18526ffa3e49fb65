import { readdir } from 'node:fs/promises'
import { createOpenAI } from '@ai-sdk/openai'
import { isStepCount, streamText, tool as aiTool } from 'ai'
import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  answer,
  failure,
  incomplete,
  pace,
  putAnswer,
  reasoning,
  refusal,
  text,
  tool,
} from '../../server/package/answers.ts'
import { connect } from '../kit/client.ts'
import { READERS } from '../kit/readers.ts'
import { runServer, temporaryFolder } from '../kit/tools.ts'

/** A server without any fixture. */
const runEmpty = async (env: Record<string, string> = {}) =>
  runServer({ FIXTURES_DIR: await temporaryFolder(), ...env })

const told = async (base: string): Promise<unknown> => (await fetch(`${base}/turns`)).json()

describe.each(Object.entries(READERS))('%s', (_name, ask) => {
  test('reads a text, calls of tools, both, and what is cut short', async () => {
    const { url } = await runEmpty()
    const base = `${url}/@test`
    await putAnswer(base, 'Say hi', text('Hello, you two.'))
    await putAnswer(base, 'Two tools', answer(tool('weather', { city: 'Paris' }), tool('weather', { city: 'Rome' })))
    await putAnswer(base, 'Both', [text('Let me look.'), tool('now')])
    await putAnswer(base, 'Think', [reasoning('Hm.'), text('Yes.')])
    await putAnswer(base, 'Nothing', [])

    expect(await ask(base, 'Say hi')).toMatchObject({ text: 'Hello, you two.', calls: [] })
    const two = await ask(base, 'Two tools')
    expect(two.text).toBe('')
    expect(two.calls).toEqual([
      ['weather', { city: 'Paris' }],
      ['weather', { city: 'Rome' }],
    ])
    expect(await ask(base, 'Both')).toMatchObject({ text: 'Let me look.', calls: [['now', {}]] })
    expect(await ask(base, 'Think')).toMatchObject({ text: 'Yes.', calls: [] })
    expect(await ask(base, 'Nothing')).toMatchObject({ text: '', calls: [] })
    const turn = { action: 'written', status: 200 }
    expect(await told(base)).toMatchObject([turn, turn, turn, turn, turn])
  })

  test('tells why the model stopped, and how many tokens it took', async () => {
    const { url } = await runEmpty()
    const base = `${url}/@test`
    await putAnswer(base, 'Say hi', text('Hello, you two.'))
    const { reason, usage } = await ask(base, 'Say hi')
    expect(['completed', 'stop', 'end_turn', 'STOP']).toContain(reason)
    const isUncounted = usage.input === undefined
    expect(isUncounted).toBe(_name === 'openai chat.completions.stream')
    if (!isUncounted) expect(usage).toEqual({ input: expect.any(Number), output: 3 })
  })

  test('throws where the API refuses', async () => {
    const { url } = await runEmpty()
    await putAnswer(`${url}/@test`, {}, failure(429, 'Slow down.', 'rate_limit_exceeded', 7))
    const error = await ask(`${url}/@test`, 'Say hi').catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ status: 429, message: expect.stringContaining('Slow down.') })
  })
})

test('a failure says when to try again', async () => {
  const { url } = await runEmpty()
  await putAnswer(`${url}/@test`, {}, failure(429, 'Slow down.', 'insufficient_quota', 7))
  const body = JSON.stringify({ model: 'x', messages: [{ role: 'user', content: 'Say hi' }] })
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${url}/@test/v1/chat/completions`, { method: 'POST', headers, body })
  expect([response.status, response.headers.get('retry-after')]).toEqual([429, '7'])
  expect(await response.json()).toMatchObject({ error: { code: 'insufficient_quota', message: 'Slow down.' } })
})

test('a refusal is told by the API that has one, and by its word for the end in others', async () => {
  const { url } = await runEmpty()
  const base = `${url}/@test`
  await putAnswer(base, {}, refusal('I do not talk about that.'))
  const openai = new OpenAI({ baseURL: `${base}/v1`, apiKey: 'any', maxRetries: 0 })
  const messages = [{ role: 'user' as const, content: 'Say it' }]
  const { choices } = await openai.chat.completions.create({ model: 'x', messages })
  expect(choices[0]?.message).toMatchObject({ content: null, refusal: 'I do not talk about that.' })
  const response = await openai.responses.create({ model: 'x', input: 'Say it' })
  expect(JSON.stringify(response.output)).toContain('"refusal":"I do not talk about that."')
  const reasons = ['anthropic messages.create', 'genai generateContent'].map(
    async (name) => (await READERS[name]?.(base, 'Say it'))?.reason,
  )
  expect(await Promise.all(reasons)).toEqual(['refusal', 'SAFETY'])
})

test('what is cut short says so', async () => {
  const { url } = await runEmpty()
  await putAnswer(`${url}/@test`, {}, [text('Once upon'), incomplete()])
  const reasons = Object.values(READERS).map(async (ask) => (await ask(`${url}/@test`, 'Say it')).reason)
  expect(new Set(await Promise.all(reasons))).toEqual(new Set(['incomplete', 'length', 'max_tokens', 'MAX_TOKENS']))
})

test('two names at once get each what they want, and nobody else gets anything of it', async () => {
  const { url } = await runEmpty()
  await putAnswer(`${url}/@one`, 'Say hi', text('I am one.'))
  await putAnswer(`${url}/@two/v1`, 'Say hi', text('I am two.'))
  const ask = READERS['openai responses.create']
  const answers = await Promise.all([ask?.(`${url}/@one`, 'Say hi'), ask?.(`${url}/@two`, 'Say hi')])
  expect(answers.map((each) => each?.text)).toEqual(['I am one.', 'I am two.'])
  await expect(ask?.(url, 'Say hi')).rejects.toThrow(/No fixture for this request/)
  await expect(ask?.(`${url}/@three`, 'Say hi')).rejects.toThrow(/No fixture for this request/)
  await fetch(`${url}/@one`, { method: 'DELETE' })
  await expect(ask?.(`${url}/@one`, 'Say hi')).rejects.toThrow(/No fixture for this request/)
})

test('chats and the WebSocket mode of the API are answered, too', async () => {
  const { url } = await runEmpty()
  await putAnswer(`${url}/@test`, 'Say hi', text('Hello, you.'))
  const chat = await connect(`${url}/@test/ws-stream`)
  chat.send({ input: 'Say hi' })
  const frames = await chat.turn()
  expect(frames.map(({ type, message }) => [type, message])).toEqual([
    ['delta', 'Hello,'],
    ['delta', ' you.'],
    ['message', 'Hello, you.'],
  ])
  await chat.close()
})

test('an answer has faults as a recorded one has, and its own pace', async () => {
  const { url } = await runEmpty()
  const base = `${url}/@test`
  await putAnswer(base, 'Say hi', [text('one two three'), pace(15)])
  const body = JSON.stringify({ model: 'x', input: 'Say hi', stream: true })
  const post = () =>
    fetch(`${base}/v1/responses`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  const began = performance.now()
  const whole = await (await post()).text()
  expect(performance.now() - began).toBeGreaterThanOrEqual(15 * 10)
  expect(whole).toContain('"text":"one two three"')
  await fetch(`${base}/fault`, { method: 'PUT', body: 'error@3' })
  expect(await (await post()).text()).toContain('Failed on purpose')
})

test.each(['record', 'auto', 'live'])('in %s it counts as well: nothing is sent and nothing saved', async (mode) => {
  const { url, config } = await runEmpty({ MODEL_MODE: mode, OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' })
  await putAnswer(`${url}/@test`, 'Say hi', text('Hello.'))
  const ask = READERS['openai responses.stream']
  expect(await ask?.(`${url}/@test`, 'Say hi')).toMatchObject({ text: 'Hello.' })
  expect((await readdir(config.fixturesDir)).filter((name) => name.endsWith('.jsonl'))).toEqual([])
})

test('what cannot be answered is said where it is asked for', async () => {
  const { url } = await runEmpty()
  await expect(putAnswer(url, 'Say hi', text('Hi'))).rejects.toThrow(/put a name into the address/)
  await expect(putAnswer(`${url}/@test`, 'Say hi', tool('x', '[1]'))).rejects.toThrow(/have to be a JSON object/)
})

test('a server that asks for a token asks for it here, too', async () => {
  const { url } = await runEmpty({ AUTH_TOKEN: 'open-sesame' })
  await expect(putAnswer(`${url}/@test`, 'Say hi', text('Hi'))).rejects.toThrow()
  await putAnswer(`${url}/@test`, 'Say hi', text('Hi'), 'open-sesame')
})

test('the Vercel AI SDK reads a tool, and after its result a text', async () => {
  const { url } = await runEmpty()
  const base = `${url}/@test`
  await putAnswer(base, 'Weather in Paris?', tool('weather', { city: 'Paris' }))
  await putAnswer(base, 'Weather in Paris?', [reasoning('It is warm.'), text('It is 21 degrees.')])
  const asked: unknown[] = []
  const { text: said, totalUsage } = streamText({
    model: createOpenAI({ baseURL: `${base}/v1`, apiKey: 'any' })('gpt-4.1-mini'),
    prompt: 'Weather in Paris?',
    tools: {
      weather: aiTool({
        inputSchema: z.object({ city: z.string() }),
        execute: async (args) => {
          asked.push(args)
          return { degrees: 21 }
        },
      }),
    },
    stopWhen: isStepCount(3),
  })
  expect(await said).toBe('It is 21 degrees.')
  expect(asked).toEqual([{ city: 'Paris' }])
  expect((await totalUsage).outputTokens).toBeGreaterThan(0)
})

test('the call may be what the SDK is asked with', async () => {
  const { url } = await runEmpty()
  const params: OpenAI.Responses.ResponseCreateParamsNonStreaming = { model: 'gpt-5', input: 'Say hi', temperature: 0 }
  await putAnswer(`${url}/@test`, params, text('Hello.'))
  const openai = new OpenAI({ baseURL: `${url}/@test/v1`, apiKey: 'any', maxRetries: 0 })
  expect((await openai.responses.create({ ...params, instructions: 'Be kind.' })).output_text).toBe('Hello.')
  await expect(openai.responses.create({ ...params, temperature: 1 })).rejects.toThrow(/No fixture/)
})
