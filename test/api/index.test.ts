/** The table of APIs: whose call it is. */
import { expect, test } from 'vitest'
import { apiNamed, apiOf } from '../../server/api/index.ts'

test.each([
  ['POST', '/v1/responses', 'responses'],
  ['POST', '/responses', 'responses'],
  ['GET', '/v1/responses/resp_1', 'responses'],
  ['POST', '/v1/responses/resp_1/cancel', 'responses'],
  ['POST', '/v1/responses/compact', 'responses'],
  ['POST', '/v1/responses/', 'responses'],
  ['POST', '/v1/responsesx', 'any'],
  ['POST', '/v2/responses', 'any'],
  ['POST', '/v1/v1/responses', 'any'],
  ['GET', '/v1/models', 'openai'],
  ['POST', '/v1/embeddings', 'openai'],
  ['POST', '/mcp', 'any'],
  ['POST', '/', 'any'],
])('%s %s is of the row %s', (method, path, name) => {
  expect(apiOf({ method, path }).name).toBe(name)
})

test('a row is found by the name that fixtures give it; one that is not known is any other', () => {
  expect(['responses', 'any', 'elsewhere'].map((name) => apiNamed(name).name)).toEqual(['responses', 'any', 'any'])
})

/** Whose call it is, wherever it is sent: to the API itself, to a provider with the same, or to a gateway. */
const OWNED: Readonly<Record<string, readonly (readonly [method: string, path: string])[]>> = {
  'chat-completions': [
    ['POST', '/v1/chat/completions'],
    ['POST', '/chat/completions'],
    ['POST', '/v1/completions'],
    ['POST', '/openai/deployments/gpt-4o/chat/completions'],
    ['POST', '/openai/deployments/gpt-4o/completions'],
    ['POST', '/openai/v1/chat/completions'],
    ['POST', '/api/v1/chat/completions'],
    ['POST', '/v1beta/openai/chat/completions'],
    ['POST', '/v1/projects/p/locations/us-central1/endpoints/openapi/chat/completions'],
    ['POST', '/models/some/model/v1/chat/completions'],
    ['POST', '/inference/v1/completions'],
    ['POST', '/compatible-mode/v1/chat/completions'],
  ],
  messages: [
    ['POST', '/v1/messages'],
    ['POST', '/messages'],
    ['POST', '/v1/messages/count_tokens'],
    ['POST', '/v1/messages/batches'],
    ['GET', '/v1/messages/batches/msgbatch_1/results'],
    ['POST', '/api/v1/messages'],
    ['POST', '/anthropic/v1/messages'],
    ['POST', '/v1/projects/p/locations/us-east5/publishers/anthropic/models/claude-x:rawPredict'],
    ['POST', '/v1/projects/p/locations/global/publishers/anthropic/models/claude-x:streamRawPredict'],
  ],
  gemini: [
    ['POST', '/v1beta/models/gemini-2.5-flash:generateContent'],
    ['POST', '/v1/models/gemini-2.5-flash:streamGenerateContent'],
    ['POST', '/models/gemini-2.5-flash:countTokens'],
    ['POST', '/v1beta/models/gemini-embedding-001:batchEmbedContents'],
    ['POST', '/v1beta/tunedModels/mine:generateContent'],
    ['POST', '/gemini/v1beta/models/gemini-2.5-flash:generateContent'],
    ['POST', '/v1beta1/projects/p/locations/global/publishers/google/models/gemini-x:streamGenerateContent'],
  ],
  interactions: [
    ['POST', '/v1beta/interactions'],
    ['POST', '/v1/interactions'],
    ['POST', '/interactions'],
    ['GET', '/v1beta/interactions/v1_abc'],
    ['POST', '/v1beta/interactions/v1_abc/cancel'],
    ['DELETE', '/v1beta/interactions/v1_abc'],
    ['POST', '/gateway/v1beta/interactions'],
    ['POST', '/v1beta1/projects/p/locations/global/interactions'],
  ],
  ollama: [
    ['POST', '/api/chat'],
    ['POST', '/api/generate'],
    ['POST', '/api/pull'],
    ['GET', '/api/tags'],
    ['POST', '/api/embed'],
    ['POST', '/ollama/api/chat'],
  ],
  cohere: [
    ['POST', '/v2/chat'],
    ['POST', '/v1/chat'],
    ['POST', '/cohere/v2/chat'],
  ],
  bedrock: [
    ['POST', '/model/anthropic.claude-3-sonnet-20240229-v1%3A0/converse'],
    ['POST', '/model/anthropic.claude-3-sonnet-20240229-v1:0/converse-stream'],
    ['POST', '/model/amazon.titan-text-express-v1/invoke'],
    ['POST', '/model/amazon.titan-text-express-v1/invoke-with-response-stream'],
    ['POST', '/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A1%3Ainference-profile%2Feu.x/converse'],
    ['POST', '/model/anthropic.claude-x/count-tokens'],
    ['POST', '/guardrail/abc/version/DRAFT/apply'],
    ['POST', '/bedrock/model/anthropic.claude-x/invoke'],
  ],
}

test.each(Object.entries(OWNED).flatMap(([name, calls]) => calls.map(([method, path]) => [method, path, name])))(
  '%s %s is of the row %s, wherever it is sent',
  (method = '', path = '', name) => {
    expect(apiOf({ method, path }).name).toBe(name)
  },
)

/** What looks like a call of a row, and is none. */
test.each([
  ['POST', '/v1/threads/thread_1/messages', 'messages'],
  ['GET', '/v1/threads/thread_1/messages/msg_1', 'messages'],
  ['POST', '/v1/messagesx', 'messages'],
  ['GET', '/v1/organization/usage/completions', 'chat-completions'],
  ['GET', '/v1/chat/completions', 'chat-completions'],
  ['GET', '/v1/chat/completions/chatcmpl_1', 'chat-completions'],
  ['POST', '/v1/chat/completionsx', 'chat-completions'],
  ['GET', '/v1beta/models', 'gemini'],
  ['POST', '/v1/projects/p/locations/global/publishers/anthropic/models/claude-x:streamRawPredict', 'gemini'],
  ['POST', '/v1/projects/p/locations/global/publishers/mistralai/models/m:rawPredict', 'gemini'],
  ['POST', '/api/v10/webhooks/interactions/callback', 'interactions'],
  ['POST', '/v10/interactions', 'interactions'],
  ['POST', '/myinteractions', 'interactions'],
  ['POST', '/api/chats', 'ollama'],
  ['POST', '/api/chat/completions', 'ollama'],
  ['POST', '/v3/chat', 'cohere'],
  ['GET', '/v2/chat', 'cohere'],
  ['POST', '/model/x/y/converse', 'bedrock'],
  ['POST', '/models/x/converse', 'bedrock'],
  ['POST', '/model//converse', 'bedrock'],
  ['POST', '/submodel/x/converse', 'bedrock'],
  ['POST', '/model/x/converse/more', 'bedrock'],
])('%s %s is not of the row %s', (method, path, name) => {
  expect(apiOf({ method, path }).name).not.toBe(name)
})
