/** Fixtures for a store, as a recording would hand them to it. */
import type { Call } from '../../server/api/call.ts'
import type { AnswerRecord } from '../../server/api/record.ts'
import type { JsonObject } from '../../server/base/json.ts'
import type { Fixture } from '../../server/fixture/fixture.ts'
import type { Store } from '../../server/store/store.ts'
import { compose, words } from '../kit/answers.ts'
import { STREAM, callOf, toRecords } from '../kit/calls.ts'
import { openTestStore, temporaryFolder } from '../kit/tools.ts'

export const HI = { model: 'm', input: 'Say hi' }

/** The records of an answer; another seed makes other ids. */
export const answerOf = (seed: string, text = 'Hi there'): AnswerRecord[] =>
  toRecords(compose(seed).text(words(text)).completed())

/** A fixture of a call in this store, its conversation resolved. */
export async function fixtureFor(
  store: Store,
  asked: JsonObject | Call,
  records: readonly AnswerRecord[] = answerOf('one'),
  more: Partial<Fixture> = {},
): Promise<Fixture> {
  const call = isCall(asked) ? asked : callOf(asked)
  const responseId = call.api.answerId(call, call.api.events(records))
  return {
    ...(await store.identify(call)),
    response: STREAM,
    ...(responseId === undefined ? {} : { responseId }),
    recorded: { at: '2026-11-24T10:00:00.000Z', upstream: 'stand-in' },
    records,
    ending: { end: 'complete' },
    endedAt: Math.max(100, records.at(-1)?.at ?? 0),
    ...more,
  }
}

const isCall = (asked: object): asked is Call => 'api' in asked && 'content' in asked

export async function setUp(): Promise<{ dir: string; store: Store }> {
  const dir = await temporaryFolder()
  return { dir, store: openTestStore(dir) }
}
