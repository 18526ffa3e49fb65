/** What `serve --print-env` writes leads the official SDKs here, as it stands in a shell. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { deltatape, runServer, temporaryFolder } from '../kit/tools.ts'
import { endpointOf, leadingTo, runApi } from './kit.ts'
import { chat, groq } from './wires/chat.ts'
import { gemini } from './wires/gemini.ts'
import { messages } from './wires/messages.ts'
import { WORDS } from './wires/wire.ts'

/** Programs that know no address and no key. Each writes the text of a streamed answer. */
const PROGRAMS = {
  openai: `
    import OpenAI from 'openai'
    const stream = await new OpenAI().chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], stream: true })
    for await (const { choices } of stream) process.stdout.write(choices[0]?.delta.content ?? '')`,
  anthropic: `
    import Anthropic from '@anthropic-ai/sdk'
    const stream = await new Anthropic().messages.create({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }], stream: true })
    for await (const { delta } of stream) process.stdout.write(delta?.text ?? '')`,
  genai: `
    import { GoogleGenAI } from '@google/genai'
    const stream = await new GoogleGenAI({}).models.generateContentStream({ model: 'm', contents: 'Hi' })
    for await (const { text } of stream) process.stdout.write(text ?? '')`,
  groq: `
    import Groq from 'groq-sdk'
    const stream = await new Groq().chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], stream: true })
    for await (const { choices } of stream) process.stdout.write(choices[0]?.delta.content ?? '')`,
}

/** What the programs write in a shell that has read the variables of a server, each under its name. */
async function toldBy(url: string, env: Record<string, string>): Promise<Record<string, string>> {
  const { out } = await deltatape(['serve', '--print-env', '--port', new URL(url).port], { env })
  const told = await Promise.all(
    Object.entries(PROGRAMS).map(async ([name, program]) => {
      const { PATH = '', HOME = '' } = process.env
      const args = ['-c', `${out}\nexec "$0" "$@"`, process.execPath, '--input-type=module', '-e', program]
      const { stdout } = await promisify(execFile)('sh', args, { env: { PATH, HOME } })
      return [name, stdout] as const
    }),
  )
  return Object.fromEntries(told)
}

test.each([[{}], [{ AUTH_TOKEN: "it's-a-token" }]])('with %j', async (more) => {
  const api = await runApi(endpointOf(chat), endpointOf(groq), endpointOf(messages), endpointOf(gemini))
  const env = { FIXTURES_DIR: await temporaryFolder(), ...more }
  const keys = { OPENAI_API_KEY: 'sk-1', ANTHROPIC_API_KEY: 'sk-2', GEMINI_API_KEY: 'sk-3', GROQ_API_KEY: 'sk-4' }
  const recorder = await runServer({ ...env, ...keys, ...leadingTo('by path', api.origin), MODEL_MODE: 'record' })
  const expected = Object.fromEntries(Object.keys(PROGRAMS).map((name) => [name, WORDS.join('')]))
  expect(await toldBy(recorder.url, env)).toEqual(expected)
  const sent = api.calls.map(({ headers: { authorization, ...headers } }) =>
    [authorization, headers['x-api-key'], headers['x-goog-api-key']].join(''),
  )
  expect(sent.toSorted()).toEqual(['Bearer sk-1', 'Bearer sk-4', 'sk-2', 'sk-3'])
  await Promise.all([recorder.close(), api.close()])
  const player = await runServer(env)
  expect(await toldBy(player.url, env)).toEqual(expected)
})

test('a key that is set stays, and a server that is started from that shell goes where it would otherwise', async () => {
  const { out } = await deltatape(['serve', '--print-env'], { env: { GROQ_API_KEY: 'gsk-mine', AUTH_TOKEN: 'sesame' } })
  expect(out).not.toContain('GROQ_API_KEY')
  const pairs = [...out.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name, value]) => [name, value])
  expect(pairs.length).toBe(out.trim().split('\n').length)
  const { config } = await runServer({ ...Object.fromEntries(pairs), AUTH_TOKEN: 'sesame', PORT: '0' })
  expect(config.keys).toEqual({})
  expect(config.apiKey).toBeUndefined()
})
