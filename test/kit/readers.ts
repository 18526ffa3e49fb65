/** What the official SDKs read of an answer: streamed, and in one piece. */
import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import OpenAI from 'openai'

/** What came out of an SDK. */
export interface Read {
  readonly text: string
  readonly calls: readonly (readonly [name: string, args: unknown])[]
  /** Why the model stopped, in the API's word. */
  readonly reason: unknown
  readonly usage: { readonly input: unknown; readonly output: unknown }
}

/** Asks as the simplest program would do it, at an address without `/v1`; gives what its SDK made of the answer. */
export type Reader = (base: string, input: string) => Promise<Read>

const openai = (base: string) => new OpenAI({ baseURL: `${base}/v1`, apiKey: 'any', maxRetries: 0 })
const anthropic = (base: string) => new Anthropic({ baseURL: base, apiKey: 'any', maxRetries: 0 })
const genai = (base: string) => new GoogleGenAI({ apiKey: 'any', httpOptions: { baseUrl: base } })

const MODEL = 'gpt-4.1-mini'
const messagesOf = (content: string) => [{ role: 'user' as const, content }]
const claude = (input: string) => ({ model: 'claude-sonnet-5', max_tokens: 1024, messages: messagesOf(input) })

const ofResponse = (response: OpenAI.Responses.Response): Read => ({
  text: response.output_text,
  calls: response.output.flatMap((item) =>
    item.type === 'function_call' ? [[item.name, JSON.parse(item.arguments)] as const] : [],
  ),
  reason: response.status,
  usage: { input: response.usage?.input_tokens, output: response.usage?.output_tokens },
})

const ofCompletion = ({ choices: [choice], usage }: OpenAI.ChatCompletion): Read => ({
  text: choice?.message.content ?? '',
  calls: (choice?.message.tool_calls ?? []).flatMap((call) =>
    call.type === 'function' ? [[call.function.name, JSON.parse(call.function.arguments)] as const] : [],
  ),
  reason: choice?.finish_reason,
  usage: { input: usage?.prompt_tokens, output: usage?.completion_tokens },
})

const ofMessage = ({ content, stop_reason: reason, usage }: Anthropic.Message): Read => ({
  text: content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
  calls: content.flatMap((block) => (block.type === 'tool_use' ? [[block.name, block.input] as const] : [])),
  reason,
  usage: { input: usage.input_tokens, output: usage.output_tokens },
})

type Chunk = Awaited<ReturnType<GoogleGenAI['models']['generateContent']>>

const ofChunks = (chunks: readonly Chunk[]): Read => {
  const parts = chunks.flatMap(({ candidates = [] }) => candidates[0]?.content?.parts ?? [])
  const last = chunks.at(-1)
  return {
    text: parts.map((part) => (part.thought ? '' : (part.text ?? ''))).join(''),
    calls: parts.flatMap(({ functionCall: call }) => (call ? [[call.name ?? '', call.args] as const] : [])),
    reason: last?.candidates?.[0]?.finishReason,
    usage: { input: last?.usageMetadata?.promptTokenCount, output: last?.usageMetadata?.candidatesTokenCount },
  }
}

const gemini = (contents: string) => ({ model: 'gemini-2.5-flash', contents })

export const READERS: Readonly<Record<string, Reader>> = {
  'openai responses.stream': async (base, input) =>
    ofResponse(await openai(base).responses.stream({ model: MODEL, input }).finalResponse()),
  'openai responses.create': async (base, input) =>
    ofResponse(await openai(base).responses.create({ model: MODEL, input })),
  'openai chat.completions.stream': async (base, input) =>
    ofCompletion(
      await openai(base)
        .chat.completions.stream({ model: MODEL, messages: messagesOf(input) })
        .finalChatCompletion(),
    ),
  'openai chat.completions.create': async (base, input) =>
    ofCompletion(await openai(base).chat.completions.create({ model: MODEL, messages: messagesOf(input) })),
  'anthropic messages.stream': async (base, input) =>
    ofMessage(await anthropic(base).messages.stream(claude(input)).finalMessage()),
  'anthropic messages.create': async (base, input) => ofMessage(await anthropic(base).messages.create(claude(input))),
  'genai generateContentStream': async (base, input) => {
    const chunks: Chunk[] = []
    for await (const chunk of await genai(base).models.generateContentStream(gemini(input))) chunks.push(chunk)
    return ofChunks(chunks)
  },
  'genai generateContent': async (base, input) => ofChunks([await genai(base).models.generateContent(gemini(input))]),
}
