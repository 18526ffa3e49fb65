/** @aws-sdk/client-bedrock-runtime: Converse, with an API key and over HTTP/1.1. */
import {
  BedrockRuntimeClient,
  BedrockRuntimeServiceException,
  ConverseCommand,
  type ConverseCommandInput,
  ConverseStreamCommand,
  type ConverseStreamOutput,
  type Message,
} from '@aws-sdk/client-bedrock-runtime'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { bedrock as wire } from '../wires/bedrock.ts'
import { type At, KEY, PARAMETERS, type Told, type Turn, callsIn, client } from './client.ts'

function bedrock({ base, headers = {}, retries }: At): BedrockRuntimeClient {
  const made = new BedrockRuntimeClient({
    endpoint: base,
    region: 'eu-west-1',
    token: { token: KEY },
    authSchemePreference: ['httpBearerAuth'],
    requestHandler: new NodeHttpHandler(),
    ...(retries ? {} : { maxAttempts: 1 }),
  })
  made.middlewareStack.add(
    (next) => (args) => {
      const { request } = args
      if (typeof request === 'object' && request !== null && 'headers' in request) {
        Object.assign(Object(request.headers), headers)
      }
      return next(args)
    },
    { step: 'build' },
  )
  return made
}

const messagesOf = ({ question, found }: Turn): Message[] => [
  { role: 'user', content: [{ text: question }] },
  ...(found
    ? [
        {
          role: 'assistant' as const,
          content: [{ toolUse: { toolUseId: 'tooluse_standin', name: 'get_weather', input: { city: 'Paris' } } }],
        },
        {
          role: 'user' as const,
          content: [{ toolResult: { toolUseId: 'tooluse_standin', content: [{ json: { degrees: 21 } }] } }],
        },
      ]
    : []),
]

const inputOf = (turn: Turn): ConverseCommandInput => ({
  modelId: 'standin.one-v1:0',
  messages: messagesOf(turn),
  toolConfig: { tools: [{ toolSpec: { name: 'get_weather', inputSchema: { json: PARAMETERS } } }] },
})

function read(chunks: readonly ConverseStreamOutput[]): Told {
  const deltas = chunks.flatMap(({ contentBlockDelta: block }) => (block?.delta ? [block.delta] : []))
  const usage = chunks.at(-1)?.metadata?.usage
  return {
    text: deltas.map(({ text }) => text ?? '').join(''),
    calls: callsIn([
      ...chunks.map(({ contentBlockStart: block }) => ({ name: block?.start?.toolUse?.name })),
      ...deltas.map(({ toolUse }) => ({ json: toolUse?.input })),
    ]),
    usage: { input: usage?.inputTokens, output: usage?.outputTokens },
  }
}

export const bedrockClients = [
  client<ConverseStreamOutput>({
    name: 'bedrock converse',
    wire,
    below: '',
    byPath: false,
    async *stream(at, turn) {
      const made = bedrock(at)
      try {
        yield* (await made.send(new ConverseStreamCommand(inputOf(turn)))).stream ?? []
      } finally {
        made.destroy()
      }
    },
    read,
    async whole(at, turn) {
      const made = bedrock(at)
      try {
        return await made.send(new ConverseCommand(inputOf(turn)))
      } finally {
        made.destroy()
      }
    },
    isOwn: (error) => error instanceof BedrockRuntimeServiceException,
  }),
]
