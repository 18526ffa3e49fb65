/** openai, against Azure: Chat Completions of a deployment. */
import { APIError, AzureOpenAI } from 'openai'
import type { ChatCompletionChunk } from 'openai/resources'
import { azure as wire } from '../wires/chat.ts'
import { type At, KEY, client } from './client.ts'
import { bodyOf, read, streamed } from './openai.ts'

const azure = ({ base, headers = {}, retries }: At) =>
  new AzureOpenAI({
    endpoint: base,
    apiKey: KEY,
    apiVersion: '2026-10-01',
    defaultHeaders: headers,
    ...(retries ? {} : { maxRetries: 0 }),
  })

export const azureClients = [
  client<ChatCompletionChunk>({
    name: 'azure chat.completions.create',
    wire,
    below: '',
    byPath: true,
    async *stream(at, turn) {
      yield* await azure(at).chat.completions.create(streamed(turn))
    },
    read,
    whole: async (at, turn) => azure(at).chat.completions.create(bodyOf(turn)),
    isOwn: (error) => error instanceof APIError,
  }),
]
