/** The SDKs that read variables find the server by those that `serve --print-env` writes, and by nothing else. */
import Anthropic from '@anthropic-ai/sdk'
import { createOpenAI } from '@ai-sdk/openai'
import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime'
import { GoogleGenAI } from '@google/genai'
import { ChatOpenAI } from '@langchain/openai'
import { generateText } from 'ai'
import Groq from 'groq-sdk'
import OpenAI, { AzureOpenAI } from 'openai'
import { afterEach, expect, test, vi } from 'vitest'
import { runDeltatape, runServer, temporaryFolder } from '../kit/tools.ts'

afterEach(() => void vi.unstubAllEnvs())

const model = 'standin-1'
const messages = [{ role: 'user' as const, content: 'Say it' }]

/** What each asks, and at which path it arrives. */
const ASK: Readonly<Record<string, readonly [path: string, ask: () => PromiseLike<unknown>]>> = {
  openai: ['/v1/chat/completions', () => new OpenAI().chat.completions.create({ model, messages })],
  azure: [
    '/openai/deployments/standin-1/chat/completions',
    () => {
      // It reads this one before its own.
      vi.stubEnv('OPENAI_BASE_URL', undefined)
      return new AzureOpenAI({ apiVersion: '2024-10-21' }).chat.completions.create({ model, messages })
    },
  ],
  anthropic: ['/v1/messages', () => new Anthropic().messages.create({ model, messages, max_tokens: 9 })],
  'google-genai': [
    '/v1/models/standin-1:generateContent',
    () => new GoogleGenAI({}).models.generateContent({ model, contents: 'Say it' }),
  ],
  groq: ['/openai/v1/chat/completions', () => new Groq().chat.completions.create({ model, messages })],
  bedrock: [
    '/model/standin-1/converse',
    () =>
      new BedrockRuntimeClient({ region: 'us-east-1' }).send(
        new ConverseCommand({ modelId: model, messages: [{ role: 'user', content: [{ text: 'Say it' }] }] }),
      ),
  ],
  ai: ['/v1/responses', () => generateText({ model: createOpenAI()(model), prompt: 'Say it' })],
  langchain: ['/v1/chat/completions', () => new ChatOpenAI({ model }).invoke('Say it')],
}

test.each(Object.entries(ASK))('%s', async (_name, [path, ask]) => {
  const { url, lines } = await runServer({ FIXTURES_DIR: await temporaryFolder() })
  // Azure has no address of its own: it is printed for those who have one.
  const env = { AZURE_OPENAI_ENDPOINT: 'https://my-resource.openai.azure.com' }
  const { out } = await runDeltatape(['serve', '--print-env', '--port', new URL(url).port], { env })
  for (const line of out) {
    const [, name = '', value = ''] = /^export (\w+)='(.*)'$/.exec(line) ?? []
    vi.stubEnv(name, value)
  }
  await expect(Promise.resolve(ask())).rejects.toThrow('No fixture for this request')
  expect(lines.map((line): unknown => JSON.parse(line).endpoint)).toEqual([path])
})
