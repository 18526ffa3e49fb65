/** Paces that a client asks for over HTTP. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compose, words } from '../../kit/answers.ts'
import { folderWith, runServer } from '../../kit/tools.ts'
import { post, readAll } from './kit.ts'

const INPUT = 'Say hello to all in French'

const french = compose('french').text(words('Bonjour tout le monde !')).completed()

let shelf = ''
beforeAll(async () => {
  shelf = await folderWith({ [INPUT]: { events: french } }, afterAll)
})

const JSON_TYPE = { 'content-type': 'application/json' }

/** A client of a server of its own. */
async function clientOf(env: Record<string, string> = {}) {
  const { url } = await runServer({ FIXTURES_DIR: shelf, ...env })
  return (query = '', headers: Record<string, string> = {}, body: object = { stream: true }) =>
    fetch(`${url}/v1/responses${query}`, {
      method: 'POST',
      headers: { ...JSON_TYPE, ...headers },
      body: JSON.stringify({ model: 'gpt-4.1-mini', input: INPUT, ...body }),
    })
}

/** How many events are in the first thing that comes; the client leaves then. */
async function firstOf(response: Response): Promise<number | undefined> {
  const reader = response.body?.getReader()
  const { value } = (await reader?.read()) ?? {}
  await reader?.cancel()
  return Buffer.from(value ?? [])
    .toString()
    .match(/^event: /gm)?.length
}

/** Nobody waits for the second event. */
const SLOW = '600000ms'

test('a pace is for one call: those before and after it have their own', async () => {
  const ask = await clientOf()
  const whole = await readAll(await ask())
  expect(await firstOf(await ask(`?pace=${SLOW}`))).toBe(1)
  expect(await firstOf(await ask('', { 'x-deltatape-pace': SLOW }))).toBe(1)
  expect(await firstOf(await ask(`?p%61ce=${SLOW}`))).toBe(1)
  expect(await readAll(await ask('?pace=1000000x'))).toEqual(whole)
  expect(await readAll(await ask())).toEqual(whole)
})

test('it counts before that of the server, and the address before the header', async () => {
  const ask = await clientOf({ REPLAY_PACE: SLOW })
  expect(await firstOf(await ask())).toBe(1)
  expect(await firstOf(await ask('?pace='))).toBe(1)
  const fast = await readAll(await ask('?pace=instant', { 'x-deltatape-pace': SLOW }))
  expect(fast.text.match(/^event: /gm)).toHaveLength(french.length)
  expect(fast.broken).toBeUndefined()
})

test('it does not count for the key, and what is left of the query does', async () => {
  const ask = await clientOf()
  expect((await ask('?pace=instant')).status).toBe(200)
  expect((await ask('?a=1&pace=instant')).status).toBe(404)
})

test('it goes for faults, too, and for an answer in one piece', async () => {
  const ask = await clientOf({ REPLAY_PACE: SLOW })
  const { text, broken } = await readAll(await ask('?fault=reset%404&pace=instant'))
  expect(text.match(/^event: /gm)).toHaveLength(4)
  expect(broken).toBeInstanceOf(TypeError)
  // A silence is as long as the pace makes it.
  expect((await readAll(await ask('?fault=stall%404&pace=instant'))).broken).toBeInstanceOf(TypeError)
  expect(await (await ask('?pace=instant', {}, {})).json()).toMatchObject({ status: 'completed' })
})

describe('an error of the client', () => {
  test.each(['fast', '0x', '2x,instant'])('is the pace %s, whatever there is to answer', async (word) => {
    const ask = await clientOf()
    for (const response of [
      await ask(`?pace=${word}`),
      await ask(`?pace=${word}&fault=refuse:503`),
      await ask('', { 'x-deltatape-pace': word }, { input: 'Nobody recorded this' }),
    ]) {
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({
        error: { code: 'invalid_input', message: expect.stringContaining('15ms') },
      })
    }
  })

  test.each(['record', 'auto', 'live'])('is any pace in %s mode, and nothing is called', async (mode) => {
    const { url } = await runServer({ FIXTURES_DIR: shelf, MODEL_MODE: mode, OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' })
    const response = await post(url, { input: INPUT }, { headers: { ...JSON_TYPE, 'x-deltatape-pace': 'instant' } })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      error: { code: 'invalid_input', message: expect.stringContaining('replay mode only') },
    })
  })
})
