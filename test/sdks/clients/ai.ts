/** The Vercel AI SDK: streamText and generateText, with OpenAI's provider (Responses). */
import { createOpenAI } from '@ai-sdk/openai'
import { AISDKError, type ModelMessage, type TextStreamPart, type ToolSet, generateText, streamText } from 'ai'
import { z } from 'zod'
import { responses as wire } from '../wires/responses.ts'
import { type At, KEY, type Told, type Turn, client } from './client.ts'

const tools: ToolSet = { get_weather: { inputSchema: z.object({ city: z.string() }) } }

type Part = TextStreamPart<ToolSet>

const messagesOf = ({ question, found }: Turn): ModelMessage[] => {
  const call = { toolCallId: 'call_asks_0', toolName: 'get_weather' }
  const asked: ModelMessage = { role: 'user', content: question }
  if (!found) return [asked]
  return [
    asked,
    { role: 'assistant', content: [{ type: 'tool-call', ...call, input: { city: 'Paris' } }] },
    { role: 'tool', content: [{ type: 'tool-result', ...call, output: { type: 'json', value: { degrees: 21 } } }] },
  ]
}

const askedOf = ({ base, headers = {}, retries, fetch }: At, turn: Turn) => ({
  model: createOpenAI({ baseURL: base, apiKey: KEY, headers, ...(fetch ? { fetch } : {}) })('standin-1'),
  messages: messagesOf(turn),
  tools,
  ...(retries ? {} : { maxRetries: 0 }),
})

const read = (parts: readonly Part[]): Told => ({
  text: parts.map((part) => (part.type === 'text-delta' ? part.text : '')).join(''),
  calls: parts.flatMap((part) => (part.type === 'tool-call' ? [{ name: part.toolName, args: part.input }] : [])),
  usage: parts
    .flatMap((part) =>
      part.type === 'finish' ? [{ input: part.totalUsage.inputTokens, output: part.totalUsage.outputTokens }] : [],
    )
    .at(0) ?? { input: undefined, output: undefined },
})

export const aiClients = [
  client<Part>({
    name: 'ai streamText',
    wire,
    below: '/v1',
    byPath: true,
    async *stream(at, turn) {
      for await (const part of streamText({ ...askedOf(at, turn), onError: () => {} }).fullStream) {
        // What goes wrong is a part of the stream, not an error that is thrown.
        if (part.type === 'error') throw part.error
        if (part.type === 'text-delta' || part.type === 'tool-call' || part.type === 'finish') yield part
      }
    },
    read,
    whole: async (at, turn) => (await generateText(askedOf(at, turn))).text,
    isOwn: (error) => AISDKError.isInstance(error),
  }),
]
