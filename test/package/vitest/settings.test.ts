/** What the server of a run is told. */
import { join } from 'node:path'
import { mkdir, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { keysFor, networkFrom, settingsFrom } from '../../../server/package/vitest/settings.ts'
import { temporaryFolder } from '../../kit/tools.ts'

test('the variables of the process count before the options', () => {
  const options = { mode: 'auto', fixtures: 'mine', pace: '15ms', env: { RECORD_TAKES: '1' } } as const
  expect(settingsFrom(options, {}, '/project')).toMatchObject({
    mode: 'auto',
    fixturesDir: '/project/mine',
    recordTakes: true,
  })
  const env = { MODEL_MODE: 'record', FIXTURES_DIR: 'theirs', RECORD_TAKES: '0' }
  expect(settingsFrom(options, env, '/project')).toMatchObject({
    mode: 'record',
    fixturesDir: 'theirs',
    recordTakes: false,
  })
  expect(settingsFrom(options, { MODEL_MODE: '', FIXTURES: ' ' }, '/project').mode).toBe('auto')
})

test('fixtures and rules are looked for from the root of the project', async () => {
  const root = await temporaryFolder()
  expect(settingsFrom({}, {}, process.cwd()).fixturesDir).toBe('fixtures')
  expect(settingsFrom({}, {}, root)).toMatchObject({ fixturesDir: join(root, 'fixtures'), configFile: undefined })
  await mkdir(join(root, 'fixtures'))
  await writeFile(join(root, 'deltatape.config.json'), '{}')
  expect(settingsFrom({}, {}, root).configFile).toBe(join(root, 'deltatape.config.json'))
})

test('the address of an engine is one from anywhere; the folder that keeps what is read of it begins at the root', () => {
  const options = { fixtures: 's3://bucket/prefix', fixturesCache: 'cache' }
  expect(settingsFrom(options, {}, '/project')).toMatchObject({
    fixturesDir: 's3://bucket/prefix',
    fixturesCache: '/project/cache',
  })
})

test('in replay each program has keys, but what leads this process to its fixtures on S3 stays as it is', () => {
  expect(keysFor({}, { fixturesDir: 'fixtures' })).toMatchObject({ OPENAI_API_KEY: 'any', AWS_ACCESS_KEY_ID: 'any' })
  const onS3 = keysFor({}, { fixturesDir: 's3://bucket/prefix' })
  expect(onS3).toMatchObject({ OPENAI_API_KEY: 'any' })
  expect(Object.keys(onS3).filter((name) => /^AWS_(?:ACCESS|SECRET|REGION)/.test(name))).toEqual([])
})

test('variables of the app are not those of the server', () => {
  const env = { PORT: '80', HOST: '0.0.0.0', LOG_LEVEL: 'trace', AUTH_TOKEN: 'a b' }
  expect(settingsFrom({}, env, '/project')).toMatchObject({ port: 0, host: '127.0.0.1', authToken: undefined })
})

test('what is wrong is told in one message', () => {
  expect(() => settingsFrom({}, { MODEL_MODE: 'play', REPLAY_PACE: 'fast' }, '/')).toThrow(
    /MODEL_MODE[\s\S]*REPLAY_PACE/,
  )
  expect(() => settingsFrom({ pace: 'fast' }, {}, '/')).toThrow(/pace/i)
})

test('addresses of a deltatape around the run are not those of APIs: it says where those are', () => {
  const outer = 'http://127.0.0.1:4010/@run'
  const env = { MODEL_MODE: 'record', DELTATAPE_URL: outer, OPENAI_BASE_URL: `${outer}/v1`, GROQ_BASE_URL: 'http://x' }
  expect(settingsFrom({}, env, '/')).toMatchObject({
    mode: 'record',
    baseURL: 'https://api.openai.com/v1',
    baseURLs: { GROQ_BASE_URL: 'http://x' },
  })
  const told = { MODEL_MODE: 'auto', OPENAI_BASE_URL: 'http://gateway/v1', USAGE_LOG: '/tmp/used' }
  const around = { DELTATAPE_AROUND: JSON.stringify(told) }
  expect(settingsFrom({}, { ...env, ...around }, '/')).toMatchObject({ mode: 'record', baseURL: 'http://gateway/v1' })
  expect(settingsFrom({}, { ...around, MODEL_MODE: '' }, '/')).toMatchObject({ mode: 'auto', usageLog: '/tmp/used' })
  expect(settingsFrom({}, { DELTATAPE_AROUND: '[' }, '/').mode).toBe('replay')
})

test('the network is blocked in replay, but for what is allowed', () => {
  expect(networkFrom({}, 'record')).toBeUndefined()
  expect(networkFrom({ blockNetwork: false }, 'replay')).toBeUndefined()
  expect(networkFrom({ blockNetwork: true }, 'live')).toBeDefined()
  const { allowed = '', apis = '' } = networkFrom({ allowHosts: ['db', '*.example.com'] }, 'replay') ?? {}
  const isIn = (pattern: string, host: string) => new RegExp(pattern).test(host)
  expect(['db', 'a.example.com', 'db.x', 'example.com'].map((host) => isIn(allowed, host))).toEqual([
    true,
    true,
    false,
    false,
  ])
  const { allowed: none = '' } = networkFrom({}, 'replay') ?? {}
  expect(isIn(none, '')).toBe(false)
  const hosts = ['api.openai.com', 'us-central1-aiplatform.googleapis.com', 'openai.com', 'api.openai.com.evil.net']
  expect(hosts.map((host) => isIn(apis, host))).toEqual([true, true, false, false])
})
