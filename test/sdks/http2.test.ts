/** The AWS SDK as it is out of its box: it speaks HTTP/2 to an `http:` address without asking. */
import {
  BedrockRuntimeClient,
  BedrockRuntimeServiceException,
  ConverseStreamCommand,
  InvokeModelCommand,
} from '@aws-sdk/client-bedrock-runtime'
import { expect, onTestFinished, test } from 'vitest'
import { runServer, temporaryFolder } from '../kit/tools.ts'
import { runWire } from './kit.ts'
import { converse } from './wires/bedrock.ts'
import { WORDS } from './wires/wire.ts'

function clientTo(endpoint: string): BedrockRuntimeClient {
  const client = new BedrockRuntimeClient({
    endpoint,
    region: 'eu-west-1',
    token: { token: 'key-of-the-client' },
    authSchemePreference: ['httpBearerAuth'],
    maxAttempts: 1,
  })
  onTestFinished(() => client.destroy())
  return client
}

/** The text of a streamed answer. */
async function ask(client: BedrockRuntimeClient, text: string): Promise<string> {
  const messages = [{ role: 'user' as const, content: [{ text }] }]
  const { stream } = await client.send(new ConverseStreamCommand({ modelId: 'standin.one-v1:0', messages }))
  const texts: string[] = []
  for await (const { contentBlockDelta } of stream ?? []) texts.push(contentBlockDelta?.delta?.text ?? '')
  return texts.join('')
}

test('it records and replays, several calls at a time, and a miss and a break are its own errors', async () => {
  const upstream = await runWire(converse)
  const env = { FIXTURES_DIR: await temporaryFolder() }
  const recorder = await runServer({
    ...env,
    MODEL_MODE: 'record',
    AWS_ENDPOINT_URL_BEDROCK_RUNTIME: upstream.origin,
  })
  const questions = Array.from({ length: 20 }, (_, index) => `Question ${index}`)
  const recording = clientTo(recorder.url)
  const recorded = await Promise.all(questions.map((question) => ask(recording, question)))
  expect(recorded).toEqual(questions.map(() => WORDS.join('')))
  expect(upstream.calls[0]?.headers.authorization).toBe('Bearer key-of-the-client')
  await upstream.close()

  const replaying = clientTo((await runServer(env)).url)
  expect(await Promise.all(questions.map((question) => ask(replaying, question)))).toEqual(recorded)
  await expect(ask(replaying, 'Another question')).rejects.toBeInstanceOf(BedrockRuntimeServiceException)
  const command = new InvokeModelCommand({ modelId: 'standin.one-v1:0', body: '{}' })
  await expect(replaying.send(command)).rejects.toBeInstanceOf(BedrockRuntimeServiceException)

  const breaking = clientTo((await runServer({ ...env, FAULT: 'reset@2' })).url)
  await expect(ask(breaking, 'Question 0')).rejects.toThrow()
})
