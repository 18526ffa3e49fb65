import { describe, expect, test } from 'vitest'
import { readConfig } from '../server/config.ts'
import { DeltatapeError } from '../server/base/errors.ts'

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
      firstEventTimeoutMs: 60_000,
      idleTimeoutMs: 30_000,
      turnTimeoutMs: 300_000,
      maxInputBytes: 1024 * 1024,
      maxQueuedTurns: 64,
      maxConnections: 10_000,
      shutdownGraceMs: 3000,
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
      'OPENAI_BASE_URL must be an http or https address without a user name or password (got "ftp://x").',
      'MODEL_MODE must be one of replay, record, auto, live (got "reply").',
      'PORT must be a whole number from 0 to 65535 (got "70000").',
      'REPLAY_PACE must be instant, recorded, a speed such as 2x, or a gap such as 15ms (got "fast").',
      'RECORD_FAILURES must be 1 (yes) or 0 (no) (got "yes").',
      expect.stringContaining('ALLOWED_ORIGINS must be'),
      expect.stringContaining('IDLE_TIMEOUT_MS must be'),
    ])
  })

  test.each(['live', 'record', 'auto'])('%s without a key is a problem', (mode) => {
    expect(problemsOf({ MODEL_MODE: mode })).toMatch(/^OPENAI_API_KEY is missing/)
    expect(problemsOf({ MODEL_MODE: mode, OPENAI_API_KEY: 'sk-1' })).toBe('')
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

  test('reads a plan of faults, and says what there is where it cannot', () => {
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
