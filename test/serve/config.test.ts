/** What a user can say, and what is told about what cannot be. */
import { describe, expect, test } from 'vitest'
import { MAX_TIMER_MS } from '../../server/base/clock.ts'
import { DeltatapeError } from '../../server/base/errors.ts'
import { VARIABLES, readConfig } from '../../server/serve/config.ts'

const problemsOf = (env: Record<string, string>): string => {
  try {
    readConfig(env)
  } catch (error) {
    if (error instanceof DeltatapeError && error.code === 'config_invalid') return error.message
    throw error
  }
  return ''
}

describe('readConfig', () => {
  test('needs nothing, and replays', () => {
    expect(readConfig({})).toMatchObject({
      mode: 'replay',
      apiKey: undefined,
      baseURL: 'https://api.openai.com/v1',
      upstream: 'api.openai.com',
      chatbotModel: 'gpt-4.1-mini',
      host: '127.0.0.1',
      port: 3300,
      fixturesDir: 'fixtures',
      recordFailures: false,
      firstEventTimeoutMs: 600_000,
      idleTimeoutMs: 300_000,
      turnTimeoutMs: 3_600_000,
      maxBodyBytes: 64 * 2 ** 20,
      maxEventBytes: 64 * 2 ** 20,
      maxRecordingBytes: 256 * 2 ** 20,
      maxInputBytes: 2 ** 20,
      maxQueuedTurns: 64,
      maxConnections: 10_000,
      shutdownGraceMs: 3000,
      proxies: {},
    })
  })

  test('takes an empty or blank variable for an absent one', () => {
    expect(readConfig({ PORT: '', CHATBOT_MODEL: '  ', OPENAI_BASE_URL: '' })).toEqual(
      expect.objectContaining({ port: 3300, chatbotModel: 'gpt-4.1-mini', baseURL: 'https://api.openai.com/v1' }),
    )
  })

  test('tells every problem at once, by name, value and what is allowed', () => {
    const told = problemsOf({
      MODEL_MODE: 'reply',
      PORT: '70000',
      OPENAI_BASE_URL: 'ftp://x',
      REPLAY_PACE: 'fast',
      RECORD_FAILURES: 'yes',
      ALLOWED_ORIGINS: 'http://a.example, null',
      IDLE_TIMEOUT_MS: '-1',
    }).split('\n')
    expect(told).toEqual([
      'MODEL_MODE must be one of replay, record, auto, live (got "reply").',
      'OPENAI_BASE_URL must be an http or https address without a user name or password (got "ftp://x").',
      'PORT must be a whole number from 0 to 65535 (got "70000").',
      'REPLAY_PACE must be instant, recorded, a speed such as 2x, or a gap such as 15ms (got "fast").',
      'RECORD_FAILURES must be 1 (yes) or 0 (no) (got "yes").',
      expect.stringContaining('ALLOWED_ORIGINS must be'),
      expect.stringContaining('IDLE_TIMEOUT_MS must be'),
    ])
  })

  test.each(['live', 'record', 'auto'])('%s needs no key: clients may bring theirs', (mode) => {
    expect(readConfig({ MODEL_MODE: mode })).toMatchObject({ mode, apiKey: undefined })
  })

  test.each(['FIRST_EVENT_TIMEOUT_MS', 'IDLE_TIMEOUT_MS', 'TURN_TIMEOUT_MS'])('%s is as long as it is said', (name) => {
    expect(problemsOf({ [name]: `${MAX_TIMER_MS}` })).toBe('')
    expect(problemsOf({ [name]: `${MAX_TIMER_MS + 1}` })).toContain(`${name} must be a whole number from 1 to`)
  })

  test.each(['MAX_BODY_BYTES', 'MAX_INPUT_BYTES'])('%s is at most what a text can hold', (name) => {
    expect(problemsOf({ [name]: `${2 ** 30}` })).toBe('')
    expect(problemsOf({ [name]: '0' })).toContain(name)
    expect(problemsOf({ [name]: `${2 ** 30 + 1}` })).toContain(name)
  })

  test('knows the fixtures by two names, of which one is told', () => {
    expect(readConfig({ FIXTURES: 'a' }).fixturesDir).toBe('a')
    expect(readConfig({ FIXTURES_DIR: 'b' }).fixturesDir).toBe('b')
    expect(problemsOf({ FIXTURES: 'a', FIXTURES_DIR: 'b' })).toContain('Set FIXTURES alone.')
    expect(VARIABLES.map(({ name }) => name)).toContain('FIXTURES')
    expect(VARIABLES.map(({ name }) => name)).not.toContain('FIXTURES_DIR')
  })

  test('takes an engine for the fixtures, and tells what cannot be with all else that is wrong', () => {
    const env = { FIXTURES: 'redis://:hunter22@cache.example/1', FIXTURES_CACHE: 'cache', FIXTURES_FRESH_MS: '0' }
    expect(readConfig(env)).toMatchObject({
      fixturesDir: 'redis://:hunter22@cache.example/1',
      fixturesCache: 'cache',
      fixturesFreshMs: 0,
      fixturesTimeoutMs: 10_000,
      fixturesMemoryBytes: 2 ** 26,
    })
    const told = problemsOf({
      FIXTURES: 'gs://ada:hunter22@bucket',
      FIXTURES_TIMEOUT_MS: '0',
      FIXTURES_MEMORY_BYTES: '1k',
    })
    expect(told.split('\n').map((line) => line.split(' ', 1)[0])).toEqual([
      'FIXTURES_TIMEOUT_MS',
      'FIXTURES_MEMORY_BYTES',
      'FIXTURES',
    ])
    expect(problemsOf({ FIXTURES_CACHE: 'cache' })).toContain('FIXTURES="fixtures" is a directory already')
    const both = problemsOf({ FIXTURES: 'redis://:hunter22@one', FIXTURES_DIR: 'redis://:hunter22@other' })
    expect(both).toContain('"redis://one" and "redis://other"')
    for (const text of [told, both]) expect(text).not.toContain('hunter22')
  })

  test('never shows a key, not even one that no header can carry', () => {
    const told = problemsOf({ MODEL_MODE: 'live', OPENAI_API_KEY: 'sk-se\u00e9cret' })
    expect(told).toContain('OPENAI_API_KEY')
    expect(told).not.toContain('cret')
  })

  test.each([
    ['instant', [0, 0, 0]],
    ['recorded', [0, 100, 300]],
    ['2x', [0, 50, 150]],
    ['0.5x', [0, 200, 600]],
    ['15ms', [0, 15, 30]],
  ])('reads the pace %s', (word, due) => {
    const { pace } = readConfig({ REPLAY_PACE: word })
    expect([0, 100, 300].map(pace)).toEqual(due)
  })

  test.each(['0x', 'x', '-1ms', '1e3x', 'ms', '2 x'])('refuses the pace %s', (word) => {
    expect(problemsOf({ REPLAY_PACE: word })).toContain('REPLAY_PACE')
  })

  test.each(['0.0.0.0', '::', '192.168.1.5', 'chat.internal'])(
    '%s lets others in, who are asked for a token or not at all',
    (host) => {
      expect(problemsOf({ HOST: host })).toMatch(/^HOST=.* AUTH_TOKEN .* ALLOW_UNPROTECTED=1/)
      expect(problemsOf({ HOST: host, AUTH_TOKEN: 'open-sesame' })).toBe('')
      expect(problemsOf({ HOST: host, ALLOW_UNPROTECTED: '1' })).toBe('')
    },
  )

  test.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost', 'app.localhost'])('%s is this machine', (host) => {
    expect(problemsOf({ HOST: host })).toBe('')
  })

  test('reads a plan of faults, and says what there is if it cannot', () => {
    expect(readConfig({ FAULT: 'reset@7, delay:20ms@3' }).fault).toEqual({
      faults: [
        { kind: 'delay', ms: 20, after: 3 },
        { kind: 'reset', after: 7 },
      ],
    })
    expect(problemsOf({ FAULT: 'explode@7' })).toContain('truncate@7')
  })

  test('names the upstream by its host', () => {
    expect(readConfig({ OPENAI_BASE_URL: 'http://gateway.example:8080/v1/' })).toMatchObject({
      upstream: 'gateway.example:8080',
      baseURL: 'http://gateway.example:8080/v1',
    })
    expect(problemsOf({ OPENAI_BASE_URL: 'http://user:secret@gateway.example' })).toContain('without a user name')
  })
})

describe('proxies', () => {
  const gate = 'http://gate.example:3128'
  const proxiesOf = (env: Record<string, string>) => readConfig({ MODEL_MODE: 'live', ...env }).proxies

  test('are taken in either case, the lower one first', () => {
    expect(proxiesOf({ HTTP_PROXY: gate, https_proxy: gate, no_proxy: 'localhost, .corp.example' })).toEqual({
      HTTP_PROXY: gate,
      HTTPS_PROXY: gate,
      NO_PROXY: 'localhost, .corp.example',
    })
    expect(proxiesOf({ HTTP_PROXY: 'http://other.example', http_proxy: gate })).toEqual({ HTTP_PROXY: gate })
    expect(proxiesOf({ HTTP_PROXY: gate, http_proxy: ' ' })).toEqual({ HTTP_PROXY: gate })
  })

  test('may be written without http://', () => {
    expect(proxiesOf({ HTTP_PROXY: 'gate.example:3128', HTTPS_PROXY: 'HTTPS://gate.example' })).toEqual({
      HTTP_PROXY: gate,
      HTTPS_PROXY: 'HTTPS://gate.example',
    })
  })

  test.each(['socks5://user:hunter2@gate.example', 'http://', 'a proxy'])(
    '%s is none: a problem where APIs are called, which does not show it',
    (HTTPS_PROXY) => {
      const told = problemsOf({ MODEL_MODE: 'live', HTTPS_PROXY })
      expect(told).toMatch(/^HTTPS_PROXY must be the address of an HTTP proxy, /)
      expect(told).not.toContain('hunter2')
      expect(readConfig({ HTTPS_PROXY }).proxies).toEqual({})
    },
  )
})
