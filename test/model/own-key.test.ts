/** The server's own key, if the API repeats it: a placeholder for the client. */
import { describe, expect, test } from 'vitest'
import { hideKey } from '../../server/model/own-key.ts'
import { compose, steps } from '../kit/answers.ts'
import { type Answer, type Step, sse } from '../kit/standin.ts'
import { callOf } from '../kit/calls.ts'
import { bodyOf, drain, liveFrom, runStandIn } from '../kit/tools.ts'
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

describe('what is handed on', () => {
  const hide = hideKey(KEY, () => true)
  const record = { at: 0, wire: 'data: {"type":"error"}\n\n' }

  test('is the very record if it does not hold the key, and a short key is told from no word', () => {
    expect(hide?.records([record], false)[0]).toBe(record)
    expect(hide?.records([], true)).toEqual([])
    for (const word of ['test', 'placeholder', 'not-needed', 'completed'])
      expect(hideKey(word, () => true)).toBeUndefined()
    expect(hideKey(undefined, () => true)).toBeUndefined()
  })

  test.each([
    [`{"error":"${KEY}"}`, `{"error":"${HIDDEN}"}`],
    [`${KEY}${KEY} ${KEY.slice(0, 5)}`, `${HIDDEN}${HIDDEN} ${KEY.slice(0, 5)}`],
    [`sk-sk-${KEY}`, `sk-sk-${HIDDEN}`],
  ])('of pieces holds no key, wherever %s is cut, and loses nothing', (text, expected) => {
    for (let cut = 0; cut <= text.length; cut++) {
      const pieces = [text.slice(0, cut), text.slice(cut)].map((wire, at) => ({ at, wire }))
      const got = [...(hide?.records(pieces.slice(0, 1), false) ?? []), ...(hide?.records(pieces.slice(1), true) ?? [])]
      expect(bodyOf(got)).toBe(expected)
    }
  })
})

/** The API repeats the key in ways that no row knows. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'an error without a type': `data: {"error":{"message":"${KEY}"}}\n\n`,
  'an error that is a text': `data: {"error":"Bad ${KEY}"}\n\n`,
  'an event that is named so': `event: error\ndata: {"message":"${KEY}"}\n\n`,
  'a failed response': `data: {"type":"response.failed","response":{"error":{"message":"${KEY}"}}}\n\n`,
  'a last event of another type': `data: {"type":"response.done","response":{"error":{"message":"${KEY}"}}}\n\n`,
  'a bare code and message': `data: {"code":401,"message":"${KEY}"}\n\n`,
  'several lines of data': `data: {"error":\ndata: {"message":"${KEY}"}}\n\n`,
}

test.each(Object.entries(ELSEWHERE))('%s of any API holds no key, nor do its headers', async (_what, body) => {
  const model = liveFrom(await runStandIn(() => ({ headers: { 'x-key': KEY }, steps: inPieces(body) })), {
    apiKey: KEY,
  })
  for (const path of ['/v1/chat/completions', '/v1/responses']) {
    const { head, records } = await drain(model, callOf(ASK, { path }))
    expect(bodyOf(records)).toBe(body.replace(KEY, HIDDEN))
    expect(head?.headers).toContainEqual(['x-key', HIDDEN])
  }
})
