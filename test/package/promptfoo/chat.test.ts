/** The provider as promptfoo uses it: made with its options, asked, and cleaned up or not. */
import { readdir } from 'node:fs/promises'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { failedAsExpected, streamed } from '../../../server/package/promptfoo/assertions.ts'
import { Chat, type ChatOptions } from '../../../server/package/promptfoo/chat.ts'
import { compose, steps, words } from '../../kit/answers.ts'
import { runStandIn, temporaryFolder } from '../../kit/tools.ts'

afterEach(() => void vi.unstubAllEnvs())

/** A provider on the bundled fixtures. promptfoo puts the folder of its configuration beside the settings. */
function chat(config: ChatOptions['config'] = {}, more: Omit<ChatOptions, 'config'> = {}): Chat {
  const made = new Chat({ config: { fixtures: 'fixtures', ...config, basePath: '' }, ...more })
  onTestFinished(() => made.cleanup())
  return made
}

test('a prompt is a turn, and what only a stream tells is told', async () => {
  const provider = chat({ pace: '1ms' })
  expect(provider.id()).toBe('deltatape')
  const answer = await provider.callApi('My name is Ada.')
  expect(answer).toMatchObject({
    output: expect.stringContaining('Ada'),
    tokenUsage: { total: expect.any(Number) },
    metadata: { joinedEqualsMessage: true, firstDeltaMs: expect.any(Number), status: 'completed' },
  })
  expect(streamed('', { test: {}, providerResponse: answer })).toMatchObject({ pass: true })
  expect(await provider.callApi('[not a list]')).toMatchObject({ metadata: { code: 'fixture_miss' } })
})

test('the turns of a history are asked first, each continuing the one before', async () => {
  for (const history of ['["My name is Ada."]', ['My name is Ada.']]) {
    const answer = await chat().callApi('What is my name?', { vars: { history } })
    expect(answer).toMatchObject({ output: expect.stringContaining('Ada'), metadata: { joinedEqualsMessage: true } })
  }
  // An item of a list that promptfoo has made tests of.
  const { error } = await chat().callApi('What is my name?', { vars: { history: 'My name is Ada.' } })
  expect(error).toContain('The variable history has to be a list')
})

test('a turn of the history that fails is what the test gets, whatever is expected', async () => {
  const provider = chat()
  const vars = { history: '["Fail with a failed response", "My name is Ada."]' }
  expect(await provider.callApi('What is my name?', { vars })).toMatchObject({ metadata: { code: 'upstream_failed' } })
  const expecting = { metadata: { expectError: 'upstream_failed' } }
  const answer = await provider.callApi('What is my name?', { vars, test: expecting })
  expect(answer.error).toBeUndefined()
  expect(failedAsExpected('', { test: expecting, providerResponse: answer })).toMatchObject({ pass: true })
  expect(failedAsExpected('', { test: {}, providerResponse: answer })).toMatchObject({ pass: false })
})

test('input items stand in front of a prompt, which may be a list of them', async () => {
  const text = compose('items').text(words('Fine.')).completed()
  const standIn = await runStandIn(() => ({ steps: steps(text) }))
  const fixtures = await temporaryFolder()
  vi.stubEnv('MODEL_MODE', 'record')
  vi.stubEnv('OPENAI_BASE_URL', standIn.url)
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  const provider = chat({ fixtures, model: 'm' }, { env: { OPENAI_API_KEY: 'sk-of-the-eval' } })
  const items = [
    { role: 'user', content: 'My name is Ada.' },
    { role: 'assistant', content: 'Hi, Ada.' },
  ]
  const last = { role: 'user', content: 'And?' }
  expect(await provider.callApi('And?', { vars: { history: items } })).toMatchObject({ output: 'Fine.' })
  expect(await provider.callApi(JSON.stringify([...items, last]))).toMatchObject({ output: 'Fine.' })
  expect(standIn.calls.map(({ body }) => [body.model, body.input])).toEqual(
    Array.from({ length: 2 }, () => ['m', [...items, last]]),
  )
  expect(standIn.calls[0]?.headers.authorization).toBe('Bearer sk-of-the-eval')
  await provider.cleanup()
  expect(await readdir(fixtures)).toHaveLength(1)

  vi.unstubAllEnvs()
  const player = chat({ fixtures, model: 'm' })
  expect(await player.callApi('And?', { vars: { history: JSON.stringify(items) } })).toMatchObject({ output: 'Fine.' })
})

test('a fault breaks the answers of its own test', async () => {
  const provider = chat()
  const [broken, whole] = await Promise.all([
    provider.callApi('My name is Ada.', { vars: { fault: 'reset@7' } }),
    provider.callApi('My name is Ada.', { vars: { fault: '' } }),
  ])
  expect(broken).toMatchObject({
    error: expect.stringContaining('upstream_reset'),
    metadata: { deltas: expect.any(Number) },
  })
  expect(whole.error).toBeUndefined()
  expect(await provider.callApi('My name is Ada.', { vars: { fault: 'burn' } })).toMatchObject({
    metadata: { code: 'invalid_input' },
  })
})

test('while recording a test with a fault makes its call without it, and passes', async () => {
  const standIn = await runStandIn(() => ({ steps: steps(compose('whole').text(words('Hi, Ada.')).completed()) }))
  const fixtures = await temporaryFolder()
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  const broken = { metadata: { expectError: 'upstream_reset' } }
  const asking = { vars: { fault: 'reset@5' }, test: broken }

  const env = { MODEL_MODE: 'record', OPENAI_BASE_URL: standIn.url, OPENAI_API_KEY: 'sk-of-the-eval' }
  const recording = chat({ fixtures }, { env })
  const whole = await recording.callApi('My name is Ada.', asking)
  await recording.cleanup()
  expect(whole).toMatchObject({ output: 'Hi, Ada.', metadata: { lacksFault: true, joinedEqualsMessage: true } })
  const grade = failedAsExpected('', { test: broken, providerResponse: whole })
  expect(grade).toMatchObject({ pass: true, reason: expect.stringContaining('without its fault') })
  expect(await readdir(fixtures)).toHaveLength(1)

  const reset = await chat({ fixtures }).callApi('My name is Ada.', asking)
  expect(reset.metadata).toMatchObject({ code: 'upstream_reset' })
  expect(reset.metadata).not.toHaveProperty('lacksFault')
  expect(failedAsExpected('', { test: broken, providerResponse: reset })).toMatchObject({ pass: true })
})

test('a missing fixture, and what was set wrong, are errors that say what to do', async () => {
  vi.spyOn(process, 'argv', 'get').mockReturnValue([
    'node',
    '/x/promptfoo/dist/src/entrypoint.js',
    'eval',
    '-c',
    'my evals.yaml',
  ])
  const answer = await chat({ fixtures: await temporaryFolder() }).callApi('Hello')
  expect(answer.error).toMatch(
    /^fixture_miss: No fixture .* `OPENAI_API_KEY=… MODEL_MODE=auto npx promptfoo eval -c 'my evals\.yaml'`\.$/,
  )
  const errorOf = async (config: ChatOptions['config']) => (await chat(config).callApi('Hello')).error
  expect(await errorOf({ fixtures: '/nowhere/at/all' })).toContain('"/nowhere/at/all" does not exist')
  expect(await errorOf({ pace: 'fast' })).toContain('config_invalid: pace must be')
  const misspelt: object = { fixture: 'fixtures' }
  expect(await errorOf(misspelt)).toContain('config_invalid: fixture: there is no such setting')
})

test('an eval that is given up ends its call', async () => {
  const provider = chat({ pace: '60000ms' })
  const abort = new AbortController()
  const asking = provider.callApi('My name is Ada.', {}, { abortSignal: abort.signal })
  setTimeout(() => abort.abort(new Error('given up')), 50)
  await expect(asking).rejects.toThrow('given up')
})
