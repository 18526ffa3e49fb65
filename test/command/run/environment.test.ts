/** What a command finds in its environment. */
import { expect, test } from 'vitest'
import { environmentOfCommand } from '../../../server/command/run/environment.ts'
import { readConfig } from '../../../server/serve/config.ts'

const url = 'http://127.0.0.1:4000'
const proxyUrl = 'http://127.0.0.1:4001'

const around = (env: Record<string, string>, given: Record<string, string> = {}) =>
  environmentOfCommand(env, { url, proxyUrl, config: readConfig({ ...env, ...given }) })

const KEY = 'sk-proj-0123456789abcdef'

test('its SDKs find the server, whatever was set before, and each has a key', () => {
  const env = around({ OPENAI_BASE_URL: 'https://gateway.example/v1', PATH: '/bin' })
  expect(env).toMatchObject({
    PATH: '/bin',
    DELTATAPE_URL: url,
    OPENAI_BASE_URL: `${url}/v1`,
    OPENAI_API_BASE: `${url}/v1`,
    ANTHROPIC_BASE_URL: url,
    GOOGLE_GEMINI_BASE_URL: url,
    AWS_ENDPOINT_URL_BEDROCK_RUNTIME: url,
    OPENAI_API_KEY: 'any',
    ANTHROPIC_API_KEY: 'any',
    GEMINI_API_KEY: 'any',
    MISTRAL_API_KEY: 'any',
    AWS_ACCESS_KEY_ID: 'any',
    AWS_SECRET_ACCESS_KEY: 'any',
    AWS_REGION: 'us-east-1',
  })
  // With one of no use what everybody may load could not be loaded.
  expect(env).not.toHaveProperty('HF_TOKEN')
})

test('in replay no key is left, under whatever name; what is none stays', () => {
  const env = around({
    OPENAI_API_KEY: KEY,
    VITE_OPENAI_KEY: 'x1',
    ANTHROPIC_AUTH_TOKEN: 'x2',
    HF_TOKEN: 'x3',
    MY_GROQ_API_KEY_2: 'x4',
    GOOGLE_GENERATIVE_AI_API_KEY: 'x5',
    REPLICATE_API_TOKEN: 'x6',
    PPLX_API_KEY: 'x7',
    LLM_KEY: KEY,
    OPENAI_CUSTOM_HEADERS: `authorization: Bearer ${KEY}`,
    OPENAI_API_KEY_PROD: 'x10',
    OPENAIKEY: 'x11',
    AZURE_API_KEY: 'x12',
    AZURE_INFERENCE_CREDENTIAL: 'x13',
    LLM_API_KEY: 'x14',
    GOOGLE_CLOUD_API_KEY: 'x15',
    groq_api_key: 'x16',
    AWS_SESSION_TOKEN: 'x8',
    AWS_WEB_IDENTITY_TOKEN_FILE: '/x17',
    AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.170.23/x18',
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/x19',
    AWS_CONTAINER_AUTHORIZATION_TOKEN: 'x20',
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/x21',
    AWS_PROFILE: 'x9',
    OPENAI_MAX_TOKENS: '5',
    OPENAI_WEBHOOK_SECRET: 'mine',
    OPENAI_API_KEY_FILE: 'mine',
    AZURE_STORAGE_KEY: 'mine',
    FALLBACK_KEY: 'mine',
    STRIPE_API_KEY: 'mine',
    GITHUB_TOKEN: 'mine',
    AWS_REGION: 'eu-west-1',
  })
  expect(JSON.stringify(env)).not.toMatch(/x\d|sk-proj/)
  expect(env).toMatchObject({
    OPENAI_API_KEY: 'any',
    VITE_OPENAI_KEY: 'any',
    LLM_KEY: 'any',
    OPENAI_CUSTOM_HEADERS: 'authorization: Bearer any',
    OPENAI_MAX_TOKENS: '5',
    OPENAI_WEBHOOK_SECRET: 'mine',
    OPENAI_API_KEY_FILE: 'mine',
    AZURE_STORAGE_KEY: 'mine',
    FALLBACK_KEY: 'mine',
    STRIPE_API_KEY: 'mine',
    GITHUB_TOKEN: 'mine',
    AWS_REGION: 'eu-west-1',
  })
})

test('in replay no key is left under a name that nobody knows, if it looks like one of a model; others stay', () => {
  const env = around({
    CLAUDE: `sk-ant-api03-${'Ab3dEf6hIj9kLm2nOp5q'}`,
    MY_APP_SECRETS: `{"llm":"gsk_${'a1'.repeat(30)}","region":"eu"}`,
    ANTHROPIC_CUSTOM_HEADERS: `x-api-key: ${KEY}`,
    DEPLOY: `ghp_${'a1B2c3D4e5F6'.repeat(3)}`,
  })
  expect(env).toMatchObject({
    CLAUDE: 'any',
    MY_APP_SECRETS: '{"llm":"any","region":"eu"}',
    ANTHROPIC_CUSTOM_HEADERS: 'x-api-key: any',
    DEPLOY: `ghp_${'a1B2c3D4e5F6'.repeat(3)}`,
  })
})

test('where APIs are called the command keeps its keys, unless a token stands in their place', () => {
  const own = { MODEL_MODE: 'record', OPENAI_API_KEY: KEY, AWS_PROFILE: 'work', AWS_ACCESS_KEY_ID: 'AKIA' }
  expect(around(own)).toMatchObject(own)
  // It would hide the one that a program reads from its `.env`.
  expect(around(own)).not.toHaveProperty('ANTHROPIC_API_KEY')
  expect(around(own)).not.toHaveProperty('AWS_REGION')
  expect(around(own, { AUTH_TOKEN: 'sesame' })).toMatchObject({
    OPENAI_API_KEY: 'sesame',
    ANTHROPIC_API_KEY: 'sesame',
    AWS_PROFILE: 'work',
  })
})

test('a program that is set up for Azure alone finds no address of OpenAI, which its SDK would take first', () => {
  const azure = { AZURE_OPENAI_ENDPOINT: 'https://mine.openai.azure.com' }
  expect(around(azure)).toMatchObject({ AZURE_OPENAI_ENDPOINT: url, OPENAI_BASE_URL: undefined })
  expect(around({ ...azure, OPENAI_API_KEY: KEY })).toMatchObject({ OPENAI_BASE_URL: `${url}/v1` })
})

test('all proxies are that of the run; what the user spares stays spared, but for APIs in replay', () => {
  const own = { HTTPS_PROXY: 'http://proxy.example:3128', no_proxy: '*, .openai.com .corp.example,com,api.x.ai:443' }
  const env = around(own)
  expect(env).toMatchObject({
    HTTP_PROXY: proxyUrl,
    https_proxy: proxyUrl,
    ALL_PROXY: proxyUrl,
    NODE_USE_ENV_PROXY: '1',
    NO_PROXY: '.corp.example,localhost,127.0.0.1',
  })
  expect(env.no_proxy).toBe(env.NO_PROXY)
  expect(around({ ...own, MODEL_MODE: 'record' }).NO_PROXY).toMatch(/^\*,\.openai\.com,/)
})

test('an API cannot be spared in replay, however its host is written: a known one, one of Azure, or the configured one', () => {
  const spared = (NO_PROXY: string) =>
    around({ NO_PROXY, OPENAI_BASE_URL: 'https://llm.corp.example/v1' }).NO_PROXY?.split(',').slice(0, -2)
  for (const host of ['API.OpenAI.com', 'api.openai.com.', 'chatgpt.com', 'mine.openai.azure.com', 'azure.com']) {
    expect(spared(host), host).toEqual([])
  }
  expect(spared('LLM.corp.example:443,.llm.corp.example')).toEqual([])
  expect(spared('.corp.example,minio,Files.example.')).toEqual(['.corp.example', 'minio', 'Files.example.'])
})

test('a deltatape that the command starts is told what this one knows of APIs', () => {
  const told = (env: Record<string, string>) => JSON.parse(around(env).DELTATAPE_AROUND ?? '')
  expect(told({ OPENAI_BASE_URL: 'https://gateway.example/v1' })).toEqual({})
  expect(
    told({
      MODEL_MODE: 'record',
      OPENAI_BASE_URL: 'https://gateway.example/v1',
      GROQ_BASE_URL: 'http://x',
      USAGE_LOG: '/u',
    }),
  ).toEqual({
    MODEL_MODE: 'record',
    OPENAI_BASE_URL: 'https://gateway.example/v1',
    GROQ_BASE_URL: 'http://x',
    USAGE_LOG: '/u',
  })
})
