import { describe, expect, test } from 'vitest'
import { readConfig } from '../../server/config.ts'
import { admit } from '../../server/serve/guard.ts'

const replay = readConfig({
  HOST: 'chat.internal',
  ALLOW_UNPROTECTED: '1',
  ALLOWED_HOSTS: 'proxy.example, exact.example:8443',
  ALLOWED_ORIGINS: 'https://app.example',
})
const live = readConfig({ MODEL_MODE: 'live', OPENAI_API_KEY: 'sk-x', ALLOWED_ORIGINS: 'https://app.example' })

const letsIn = (config: typeof replay, host: string | undefined, origin?: string) =>
  admit({ host, origin }, config) === undefined

describe('Host', () => {
  test.each([
    'localhost',
    'localhost:3300',
    'LOCALHOST:1',
    'app.localhost',
    '127.0.0.1:3300',
    '127.9.9.9',
    '[::1]:3300',
    'chat.internal:80',
    'proxy.example',
    'proxy.example:9',
    'exact.example:8443',
  ])('%s is let in', (host) => expect(letsIn(replay, host)).toBe(true))

  test.each([
    undefined,
    '',
    'evil.example',
    'localhost.evil.example',
    'localhost@evil.example',
    '127.0.0.1.evil.example',
    '127.0.0.256x',
    '10.0.0.1',
    'exact.example',
    'exact.example:80',
    'a, localhost',
    '[::2]',
    'http://localhost',
  ])('%s is not', (host) => expect(letsIn(replay, host)).toBe(false))
})

describe('Origin', () => {
  test('none is no page', () => {
    expect(letsIn(live, 'localhost:3300')).toBe(true)
  })

  test.each([
    ['http://localhost:3300', true, true],
    ['http://LOCALHOST:3300', true, true],
    ['http://localhost:5173', true, false],
    ['http://127.0.0.1:8080', true, false],
    ['http://[::1]:8080', true, false],
    ['https://app.example', true, true],
    ['https://app.example:444', false, false],
    ['http://app.example', false, false],
    ['https://evil.example', false, false],
    ['http://localhost.evil.example', false, false],
    ['null', false, false],
    ['', false, false],
    ['file://', false, false],
    ['chrome-extension://localhost', false, false],
  ])('%s: in replay %s, where money can be spent %s', (origin, inReplay, inLive) => {
    expect(letsIn(replay, 'localhost:3300', origin)).toBe(inReplay)
    expect(letsIn(live, 'localhost:3300', origin)).toBe(inLive)
  })

  test('a refusal says what was sent and what to set', () => {
    expect(admit({ host: 'evil.example', origin: undefined }, live)).toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('ALLOWED_HOSTS'),
    })
    expect(admit({ host: 'localhost', origin: 'https://evil.example' }, live)).toMatchObject({
      code: 'forbidden',
      message: expect.stringMatching(/"https:\/\/evil.example".*live mode, which can spend money.*ALLOWED_ORIGINS/),
    })
  })
})
