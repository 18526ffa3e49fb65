/** Where APIs are, as variables say it, and what a start tells of it. */
import { expect, test } from 'vitest'
import { readConfig } from '../../server/serve/config.ts'
import { addressesFor, elsewhere, keysMissing, keysReplaced } from '../../server/serve/services.ts'

test.each([
  ['127.0.0.1', 'http://127.0.0.1:11434'],
  ['gpu.example:8080', 'http://gpu.example:8080'],
  [':8080', 'http://127.0.0.1:8080'],
  ['0.0.0.0', 'http://127.0.0.1:11434'],
  ['https://ollama.example', 'https://ollama.example'],
])('OLLAMA_HOST=%s is read as its own programs do: %s', (word, url) => {
  expect(readConfig({ OLLAMA_HOST: word }).baseURLs).toEqual({ OLLAMA_HOST: url })
})

test('an address that is none is told with all other problems, and a key is not shown', () => {
  const env = {
    MODEL_MODE: 'live',
    OLLAMA_HOST: 'not a host',
    GROQ_BASE_URL: 'ftp://x',
    GROQ_API_KEY: 'with a space',
    UPSTREAMS: 'a/b',
  }
  expect(() => readConfig(env)).toThrow(/OLLAMA_HOST[\s\S]*GROQ_BASE_URL[\s\S]*GROQ_API_KEY/)
  expect(() => readConfig(env)).not.toThrow(/with a space/)
  expect(() => readConfig({ UPSTREAMS: 'a/b' })).toThrow(/UPSTREAMS/)
})

test('a start tells which addresses are not the usual ones', () => {
  expect(elsewhere(readConfig({}))).toBeUndefined()
  expect(elsewhere(readConfig({ OPENAI_BASE_URL: 'https://api.openai.com/v1/' }))).toBeUndefined()
  expect(
    elsewhere(
      readConfig({
        OPENAI_BASE_URL: 'https://gateway.example/v1',
        ANTHROPIC_BASE_URL: 'http://127.0.0.1:9',
        UPSTREAMS: 'api.example.com, http://10.0.0.5:8000/',
      }),
    ),
  ).toBe(
    'OpenAI is called at https://gateway.example/v1; Anthropic is called at http://127.0.0.1:9; calls to api.example.com, http://10.0.0.5:8000 are allowed (UPSTREAMS).',
  )
})

test('an address that is configured is not told to programs but where its path tells nothing', () => {
  const told = addressesFor('http://127.0.0.1:3300', {
    baseURLs: { GROQ_BASE_URL: 'https://groq.example', OPENROUTER_BASE_URL: 'https://router.example/v1' },
  })
  expect(told).toMatchObject({
    GROQ_BASE_URL: 'http://127.0.0.1:3300',
    OPENROUTER_BASE_URL: 'http://127.0.0.1:3300/router.example/v1',
  })
})

test('programs get a key where they have none, and another in place of their own', () => {
  const env = { OPENAI_API_KEY: 'sk-mine', GOOGLE_API_KEY: 'AIza', MISTRAL_API_KEY: 'mine', GROQ_API_KEY: ' ' }
  const missing = keysMissing(env)
  expect(missing).toMatchObject({ ANTHROPIC_API_KEY: 'any', GROQ_API_KEY: 'any' })
  expect(Object.keys(missing)).not.toEqual(expect.arrayContaining(['OPENAI_API_KEY']))
  // Another name of the same key counts, too.
  expect(Object.keys(missing)).not.toEqual(expect.arrayContaining(['GEMINI_API_KEY']))
  expect(keysMissing({}, 'token')).toMatchObject({ OPENAI_API_KEY: 'token' })
  expect(keysReplaced(env)).toEqual({ OPENAI_API_KEY: 'any', GOOGLE_API_KEY: 'any', MISTRAL_API_KEY: 'any' })
})
