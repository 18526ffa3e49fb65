/** @aws-sdk/client-bedrock-runtime: Converse, and Invoke of a model of Anthropic; with an API key. */
import {
  BedrockRuntimeClient,
  BedrockRuntimeServiceException,
  ConverseCommand,
  type ConverseCommandInput,
  ConverseStreamCommand,
  type ConverseStreamOutput,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
  type Message,
} from '@aws-sdk/client-bedrock-runtime'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import type { RawMessageStreamEvent } from '@anthropic-ai/sdk/resources'
import { converse, invoke } from '../wires/bedrock.ts'
import { promptOf, read as readMessages } from './anthropic.ts'
import { type At, KEY, PARAMETERS, type Told, type Turn, callsIn, client } from './client.ts'

function bedrock({ base, headers = {}, retries, http2 }: At): BedrockRuntimeClient {
  const made = new BedrockRuntimeClient({
    endpoint: base,
    region: 'eu-west-1',
    token: { token: KEY },
    authSchemePreference: ['httpBearerAuth'],
    ...(http2 ? {} : { requestHandler: new NodeHttpHandler() }),
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

const invocationOf = (turn: Turn) => ({
  modelId: 'anthropic.standin-v1:0',
  contentType: 'application/json',
  body: JSON.stringify({ anthropic_version: 'bedrock-2023-05-31', ...promptOf(turn) }),
})

/** Asks with a client that is let go when its answer has been read. */
async function* asking<Chunk>(at: At, ask: (made: BedrockRuntimeClient) => Promise<AsyncIterable<Chunk> | undefined>) {
  const made = bedrock(at)
  try {
    yield* (await ask(made)) ?? []
  } finally {
    made.destroy()
  }
}

/** The same for an answer in one piece. */
async function asked<Whole>(at: At, ask: (made: BedrockRuntimeClient) => Promise<Whole>): Promise<Whole> {
  const made = bedrock(at)
  try {
    return await ask(made)
  } finally {
    made.destroy()
  }
}

const shared = { below: '', byPath: true, isOwn: (error: unknown) => error instanceof BedrockRuntimeServiceException }

export const bedrockClients = [
  client<ConverseStreamOutput>({
    ...shared,
    name: 'bedrock ConverseStreamCommand',
    wire: converse,
    stream: (at, turn) =>
      asking(at, async (made) => (await made.send(new ConverseStreamCommand(inputOf(turn)))).stream),
    read,
    whole: (at, turn) => asked(at, (made) => made.send(new ConverseCommand(inputOf(turn)))),
  }),
  client<RawMessageStreamEvent>({
    ...shared,
    name: 'bedrock InvokeModelWithResponseStreamCommand',
    wire: invoke,
    async *stream(at, turn) {
      const command = new InvokeModelWithResponseStreamCommand(invocationOf(turn))
      for await (const { chunk } of asking(at, async (made) => (await made.send(command)).body)) {
        if (chunk?.bytes) yield JSON.parse(Buffer.from(chunk.bytes).toString())
      }
    },
    read: readMessages,
    async whole(at, turn) {
      const { body } = await asked(at, (made) => made.send(new InvokeModelCommand(invocationOf(turn))))
      return body.transformToString()
    },
  }),
]
