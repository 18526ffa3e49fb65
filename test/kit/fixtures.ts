/** Fixtures as values, without a store. */
import type { Call } from '../../server/api/call.ts'
import type { Fixture } from '../../server/fixture/fixture.ts'
import { identify } from '../../server/fixture/key.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { STREAM, callOf, toRecords } from './calls.ts'

type Json = Readonly<Record<string, unknown>>

/** A fixture of a call of the Responses API, which was answered with these events. */
export const fixtureOf = (body: Json, events: readonly Json[], more: Partial<Fixture> = {}): Fixture =>
  fixtureFor(callOf(body), { records: toRecords(events), ...more })

/** A fixture of any call. */
export const fixtureFor = (call: Call, more: Partial<Fixture> = {}): Fixture => ({
  ...identify(call, createRedactor(), more.previousKey),
  response: STREAM,
  recorded: { at: '2026-11-24T10:00:00.000Z', upstream: 'stand-in' },
  records: [],
  ending: { end: 'complete' },
  endedAt: Math.max(100, more.records?.at(-1)?.at ?? 0),
  ...more,
})

/** An answer in one piece: JSON, on one line or laid out for people. */
export const inOnePiece = (value: unknown, status = 200, blanks = 0): Pick<Fixture, 'response' | 'records'> => ({
  response: { status, headers: [['content-type', 'application/json']], framing: 'json' },
  records: [{ at: 10, wire: JSON.stringify(value, null, blanks) }],
})

/** A call without a body. */
export const getCall = (path: string, more: Partial<Call> = {}): Call =>
  callOf({}, { method: 'GET', path, headers: [], body: Buffer.alloc(0), content: Buffer.alloc(0), ...more })
