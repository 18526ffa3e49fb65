/** What a run says as a whole, and what a user can say to it. */
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import pLimit from 'p-limit'
import { expect, test } from 'vitest'
import { compose } from '../../kit/answers.ts'
import { folderWith } from '../../kit/tools.ts'
import { CONFIG, configWith, projectWith, runVitest } from '../../kit/vitest.ts'

const answer = { events: compose('x').text(['Hi']).completed() }

const ASK = `
export const ask = async (input, base = process.env.OPENAI_BASE_URL) => {
  const response = await fetch(base + '/responses', {
    method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4.1-mini', input, stream: true }),
  })
  await response.text()
  return response.status
}
`

const ADA = `
import { expect, test } from 'vitest'
import { ask } from './ask.mjs'
test('asks', async () => {
  expect(await ask('Ada')).toBe(200)
})
`

/** Each of several processes takes its time on a busy machine. */
const PATIENCE_MS = 400_000

test('fixtures that no test used are told after a whole run, and in no other', { timeout: PATIENCE_MS }, async () => {
  const folder = await projectWith({
    'ask.mjs': ASK,
    'ada.test.mjs': ADA,
    'fails.config.ts': configWith(`plugins: [deltatape({ unused: 'fail' })]`),
    'quiet.config.ts': configWith(`plugins: [deltatape({ unused: 'ignore' })]`),
    'skips.config.ts': configWith(`plugins: [deltatape()], test: { include: ['*.test.mjs', 'skipped.mjs'] }`),
    'skipped.mjs': `import { test } from 'vitest'\ntest.skip('asks Bob', () => {})\n`,
  })
  await cp(await folderWith({ Ada: answer, Bob: answer }), join(folder, 'fixtures'), { recursive: true })
  const slot = pLimit(2)
  const runs = [[], ['--config', 'fails.config.ts'], ['-t', 'asks'], ['ada'], ['--config', 'quiet.config.ts']]
  const ran = await Promise.all(
    [...runs, ['--config', 'skips.config.ts']].map((args) => slot(() => runVitest(folder, args))),
  )
  const told = /no test used 1 of 2 fixtures in fixtures:\n {2}bob-[\da-f]{12}\.jsonl was not used/
  expect(ran[0]?.output).toContain('`USAGE_LOG=used.jsonl npx vitest run`, and then `npx deltatape prune used')
  const ends = ran.map(({ code, output }) => [code, told.test(output), /fixtures in/.test(output)])
  const silent = [0, false, false]
  expect(ends).toEqual([[0, true, true], [1, true, true], silent, silent, silent, silent])
})

test('what is asked before all tests is told in the end, and fails the run', async () => {
  const folder = await projectWith({
    'ask.mjs': ASK,
    'ada.test.mjs': ADA,
    'global.mjs': `import { ask } from './ask.mjs'\nexport const setup = async () => void (await ask('Global'))\n`,
    'vitest.config.ts': configWith(`plugins: [deltatape()], test: { globalSetup: './global.mjs' }`),
    'ignoring.config.ts': configWith(
      `plugins: [deltatape({ misses: 'ignore' })], test: { globalSetup: './global.mjs' }`,
    ),
  })
  await cp(await folderWith({ Ada: answer }), join(folder, 'fixtures'), { recursive: true })
  const ran = await runVitest(folder)
  expect(ran.tests.get('asks')?.status).toBe('passed')
  expect(ran.code).toBe(1)
  expect(ran.output).toMatch(
    /asked for outside of the tests, so this run fails\.\n\nNo fixture for this request \(it would be global-/,
  )
  const ignored = await runVitest(folder, ['--config', 'ignoring.config.ts'])
  expect([ignored.code, ignored.output]).toEqual([0, expect.not.stringContaining('No fixture')])
})

test('what is wrong with the options is told without a stack', async () => {
  const folder = await projectWith({
    'ask.mjs': ASK,
    'ada.test.mjs': ADA,
    'bad.config.ts': configWith(`plugins: [deltatape({ pace: 'fast' })]`),
    'gone.config.ts': configWith(`plugins: [deltatape({ fixtures: 'gone' })]`),
  })
  const bad = await runVitest(folder, ['--config', 'bad.config.ts'])
  expect(bad.code).toBe(1)
  expect(bad.output).toMatch(/deltatape: .*must be instant, recorded/)
  expect(bad.output).not.toMatch(/^\s+at /m)
  const gone = await runVitest(folder, ['--config', 'gone.config.ts'])
  expect(gone.code).toBe(1)
  expect(gone.output).toContain('deltatape: The fixtures directory "gone" does not exist')
  expect(gone.output).not.toMatch(/^\s+at /m)
})

test('a first run without any fixture says how to record', async () => {
  const folder = await projectWith({ 'ask.mjs': ASK, 'ada.test.mjs': ADA, 'vitest.config.ts': CONFIG })
  const ran = await runVitest(folder)
  expect(ran.code).toBe(1)
  const { messages = '' } = ran.tests.get('asks') ?? {}
  expect(messages).toContain('There are no fixtures at all in fixtures. If somebody recorded some')
  expect(messages).toContain('OPENAI_API_KEY=… MODEL_MODE=auto npx vitest run ada.test.mjs')
})

const MSW = `
import { http, HttpResponse } from 'msw'
import { setupServer } from 'msw/node'
import { expect, test } from 'vitest'
import { ask } from './ask.mjs'
setupServer(http.get('https://other.example/', () => HttpResponse.text('mocked'))).listen({ onUnhandledFrame: 'bypass' })
test('msw', async ({ tape }) => {
  expect(await (await fetch('https://other.example/')).text()).toBe('mocked')
  await expect(fetch('https://example.org/')).rejects.toThrow()
  expect(await ask('Ada')).toBe(200)
  expect(await tape.turns()).toHaveLength(1)
})
`

const NOCK = `
import nock from 'nock'
import { expect, test } from 'vitest'
import { ask } from './ask.mjs'
test('nock', async ({ tape }) => {
  nock('https://other.example').get('/').reply(200, 'mocked')
  expect(await (await fetch('https://other.example/')).text()).toBe('mocked')
  await expect(fetch('https://example.org/')).rejects.toThrow()
  expect(await ask('Ada')).toBe(200)
  expect(await tape.turns()).toHaveLength(1)
})
`

test('what a mock answers is no attempt to leave this machine', { timeout: PATIENCE_MS }, async () => {
  const folder = await projectWith({ 'ask.mjs': ASK, 'msw.test.mjs': MSW, 'nock.test.mjs': NOCK }, ['msw', 'nock'])
  await cp(await folderWith({ Ada: answer }), join(folder, 'fixtures'), { recursive: true })
  const ran = await runVitest(folder)
  expect([ran.code, ran.tests.size], ran.output).toEqual([0, 2])
})

const MOCKS_ALL = `
import { http, HttpResponse } from 'msw'
import { setupServer } from 'msw/node'
import { expect, test } from 'vitest'
import { ask } from './ask.mjs'
setupServer(http.all('*', () => HttpResponse.json({}))).listen({ onUnhandledFrame: 'error' })
test('msw takes the calls of the app, not those of the tape', async ({ tape }) => {
  expect(await ask('Bob')).toBe(200)
  expect(await tape.turns()).toEqual([])
  await expect(tape.fault('nonsense')).rejects.toThrow('nonsense')
  await tape.answer('Bob', { type: 'text', text: 'Hi Bob!' })
})
`

const FORBIDS_ALL = `
import nock from 'nock'
import { expect, test } from 'vitest'
import { ask } from './ask.mjs'
nock.disableNetConnect()
test('nothing is asked', () => {})
test('nock lets the app call this machine', async ({ tape }) => {
  nock.enableNetConnect('127.0.0.1')
  expect(await ask('Ada')).toBe(200)
  nock.disableNetConnect()
  expect(await tape.turns()).toHaveLength(1)
})
`

test.each([
  { args: [], tests: { 'mocks.test.mjs': MOCKS_ALL, 'forbids.test.mjs': FORBIDS_ALL } },
  { args: ['--no-isolate'], tests: { 'forbids.test.mjs': FORBIDS_ALL, 'so-does.test.mjs': FORBIDS_ALL } },
])(
  'what mocks every call, or forbids the network, does not come between a test and its tape: $args',
  { timeout: PATIENCE_MS },
  async ({ args, tests }) => {
    const folder = await projectWith({ 'ask.mjs': ASK, ...tests }, ['msw', 'nock'])
    await cp(await folderWith({ Ada: answer }), join(folder, 'fixtures'), { recursive: true })
    const ran = await runVitest(folder, args)
    expect(ran.code, ran.output).toBe(0)
  },
)
