/** Who is let in, and whose key a client's is. */
import { describe, expect, test } from 'vitest'
import { readConfig } from '../../server/serve/config.ts'
import { admit, authorize, queryWithoutToken, withoutToken } from '../../server/serve/guard.ts'

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
  test('a program sends none', () => {
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

test('what a page of another site asks without an Origin, such as an image, is refused if it can spend money', () => {
  const from = (site: string) => ({ host: 'localhost', origin: undefined, site })
  expect(admit(from('cross-site'), live)).toMatchObject({ code: 'forbidden' })
  expect(admit(from('cross-site'), { ...live, mode: 'replay' })).toBeUndefined()
  for (const site of ['same-origin', 'same-site', 'none']) expect(admit(from(site), live)).toBeUndefined()
})

describe('the token and the key', () => {
  const keyOf = (authorization?: string, token?: string, authToken?: string) =>
    authorize({ authorization, token }, { authToken }).apiKey

  test("a client's bearer token is its key; the word any is none", () => {
    expect(keyOf('Bearer sk-1')).toBe('sk-1')
    expect(keyOf('bearer  sk-1')).toBe('sk-1')
    expect(keyOf('Bearer any')).toBeUndefined()
    expect(keyOf('Bearer ')).toBeUndefined()
    expect(keyOf()).toBeUndefined()
  })

  test('a credential of another scheme is its own, too: the API judges it', () => {
    expect(keyOf('Basic dXNlcg==')).toBe('Basic dXNlcg==')
    expect(keyOf('Bearer a, Bearer b')).toBe('Bearer a, Bearer b')
  })

  test('the token is asked for if there is one, and never becomes a key', () => {
    expect(keyOf('Bearer sesame', undefined, 'sesame')).toBeUndefined()
    expect(keyOf('Bearer sk-1', 'sesame', 'sesame')).toBe('sk-1')
    expect(keyOf('Bearer any', 'sesame', 'sesame')).toBeUndefined()
    expect(keyOf('Bearer sesame', 'sesame', 'sesame')).toBeUndefined()
    expect(keyOf('Bearer any', undefined, 'any')).toBeUndefined()
  })

  test.each([
    [undefined, undefined],
    ['Bearer wrong', undefined],
    ['Bearer sesame', 'wrong'],
    ['sesame', undefined],
  ])('%s with the token %s is refused', (authorization, token) => {
    expect(() => keyOf(authorization, token, 'sesame')).toThrow('This server asks for its AUTH_TOKEN')
  })
})

test('of the headers the token goes, and what is no key', () => {
  const headers = [
    ['Authorization', 'Bearer sk-1'],
    ['X-Api-Key', 'sesame'],
    ['api-key', 'any'],
    ['X-Goog-Api-Key', 'sk-2'],
    ['X-A', '1'],
    ['X-A', '2'],
  ] as const
  expect(withoutToken(headers, 'sk-1', 'sesame')).toEqual([headers[0], headers[3], headers[4], headers[5]])
  expect(withoutToken(headers, undefined, undefined)).toEqual([headers[1], headers[3], headers[4], headers[5]])
  expect(queryWithoutToken('?a=%20&key=sesame&b', 'sesame')).toBe('?a=%20&b')
})

test('the token is not passed on wherever a client puts it', () => {
  const kept = [
    ['x-a', 'sesames'],
    ['x-b', 'open-sesame'],
    ['accept', '*/*'],
  ] as const
  const left = [
    ['authorization', 'Token sesame'],
    ['authorization', 'Key id="a", secret="sesame"'],
    ['openai-api-key', 'sesame'],
    ['x-auth', 'Bearer  sesame'],
    ['x-auth', 'token=sesame;v=1'],
  ] as const
  for (const authorization of ['Token sesame', 'Key id="a", secret="sesame"']) {
    expect(authorize({ authorization, token: 'sesame' }, { authToken: 'sesame' })).toEqual({ apiKey: undefined })
  }
  expect(withoutToken([...left, ...kept], 'sk-1', 'sesame')).toEqual(kept)
  expect(queryWithoutToken('?auth=Bearer%20sesame&a=sesames&b=Bearer+sesame', 'sesame')).toBe('?a=sesames')
})
