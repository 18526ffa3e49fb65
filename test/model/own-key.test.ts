/** The server's own key, if the API repeats it: a placeholder for the client. */
import { describe, expect, test } from 'vitest'
import { responses } from '../../server/api/responses/index.ts'
import { hideKey } from '../../server/model/own-key.ts'
import { compose, steps } from '../kit/answers.ts'
import { type Answer, type Step, sse } from '../kit/standin.ts'
import { bodyOf, callOf, drain, liveFrom, runStandIn } from '../kit/tools.ts'
import { ASK } from './scripts.ts'

const KEY = 'sk-the-key-of-the-server'
const HIDDEN = '[redacted:api-key]'
const inPieces = (text: string): Step[] => text.match(/.{1,7}/gs)?.map((raw) => ({ raw, after: 1 })) ?? []

/** The answer to a call that brings this key, or none. */
async function ask(answer: Answer, credential?: string) {
  const model = liveFrom(await runStandIn(() => answer), { apiKey: KEY })
  return drain(model, callOf(ASK, { credential }))
}

const message = `Incorrect API key provided: ${KEY}. You can find it.`
const refused: Answer = {
  status: 401,
  headers: { 'content-type': 'application/json', 'www-authenticate': `Bearer ${KEY}` },
  steps: inPieces(`{"error":{"message":"${message}"}}`),
}

describe('the key of the server is a placeholder', () => {
  test('in an HTTP error, however it was cut', async () => {
    const { head, records } = await ask(refused)
    expect(head?.headers).toContainEqual(['www-authenticate', `Bearer ${HIDDEN}`])
    expect(bodyOf(records)).toBe(`{"error":{"message":"Incorrect API key provided: ${HIDDEN}. You can find it."}}`)
  })

  test('in an HTTP error whose length was told: that of the placeholder is another', async () => {
    const body = `{"error":{"message":"${message}"}}`
    const headers = { 'content-length': String(Buffer.byteLength(body)) }
    const { head, records } = await ask({ status: 401, headers, body })
    expect(head?.headers.map(([name]) => name.toLowerCase())).not.toContain('content-length')
    expect(bodyOf(records)).toContain(HIDDEN)
  })

  test('in an HTTP error that is no UTF-8, or breaks in the middle', async () => {
    const bytes = Buffer.from(`Ung\u00fcltig: ${KEY} \u00fc`, 'latin1')
    const { records } = await ask({ status: 401, headers: { 'content-type': 'text/plain' }, steps: [{ raw: bytes }] })
    const got = Buffer.concat(records.map(({ wire }) => Buffer.from(wire)))
    expect(got).toEqual(Buffer.from(`Ung\u00fcltig: ${HIDDEN} \u00fc`, 'latin1'))
    const broken = await ask({ status: 401, steps: [{ raw: `{"a":"${KEY}"` }, { wait: 5 }, 'reset'] })
    expect(bodyOf(broken.records)).toBe(`{"a":"${HIDDEN}"`)
    expect(broken.error).toMatchObject({ code: 'upstream_reset' })
  })

  test('in events that tell of a failure', async () => {
    const events = compose('k').error('invalid_api_key', message)
    const { records, events: got, error } = await ask({ steps: inPieces(events.map(sse).join('')) })
    expect(error).toBeUndefined()
    expect(bodyOf(records)).toBe(events.map(sse).join('').replaceAll(KEY, HIDDEN))
    expect(got.map(({ type }) => type)).toEqual([
      'response.created',
      'response.in_progress',
      'error',
      'response.failed',
    ])
    expect(JSON.stringify(got)).not.toContain(KEY)
  })

  test('in what is no event, and in the error that says so', async () => {
    const { records, error } = await ask({ steps: [{ raw: `data: no json ${KEY}\n\n` }] })
    expect(bodyOf(records)).toBe(`data: no json ${HIDDEN}\n\n`)
    expect(error).toMatchObject({ code: 'upstream_malformed' })
    expect(String(error) + JSON.stringify(error)).not.toContain(KEY)
  })

  test('but not if the API tells of no failure', async () => {
    const events = compose('k')
      .text([`You said ${KEY}`])
      .completed()
    expect(bodyOf((await ask({ steps: steps(events) })).records)).toBe(events.map(sse).join(''))
  })
})

test('the key of a client is its own: it gets what the API said', async () => {
  const { head, records } = await ask(refused, KEY)
  expect(head?.headers).toContainEqual(['www-authenticate', `Bearer ${KEY}`])
  expect(bodyOf(records)).toContain(KEY)
  // A word in the place of a key is none: the call carries the server's.
  expect(bodyOf((await ask(refused, 'any')).records)).toContain(HIDDEN)
})

test('what does not hold the key is handed on as it is, and a short key is told from no word', () => {
  const hide = hideKey(KEY, responses)
  const record = { at: 0, wire: 'data: {"type":"error"}\n\n' }
  const records = [record]
  expect(hide?.failure(record)).toBe(record)
  expect(hide?.body(records)).toBe(records)
  expect(hide?.body([])).toEqual([])
  expect(hideKey('test', responses)).toBeUndefined()
  expect(hideKey(undefined, responses)).toBeUndefined()
})
