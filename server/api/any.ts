/** The row of last resort: a call to an API that is not known. Everything counts, and a cut answer cannot be told. */
import { asText } from '../base/json.ts'
import type { Api } from './api.ts'
import { errorRecords } from './error-records.ts'
import { EVENT_STREAM, errorOf, inError } from './error.ts'
import { failureIn } from './failure.ts'
import { eventsIn } from './record.ts'
import { modelIn } from './request.ts'
import { NOTHING_TOLD } from './told.ts'
import { COMMON_VOCABULARY, isCommonWord } from './words.ts'

export const any: Api = {
  name: 'any',
  owns: () => true,
  check() {},
  keyed: (request) => request,
  lastUserText: ({ input, prompt }) => asText(input ?? prompt ?? ''),
  modelOf: modelIn,
  continues: () => undefined,
  // Nothing in such an answer says that it is whole: the end of its body has to do.
  follow: () => ({ take: () => 'open', end: () => ({ end: 'complete' }) }),
  events: eventsIn,
  isFinished: (_call, events) => !events.some(failureIn),
  answerId: () => undefined,
  partOf: ({ type, body: { index } }) => JSON.stringify([type, index]),
  isWord: isCommonWord,
  vocabulary: COMMON_VOCABULARY,
  failureOf: failureIn,
  told: () => NOTHING_TOLD,
  streamType: (_call, { stream }) => (stream === true ? EVENT_STREAM : undefined),
  refused: inError,
  failing: (trouble, place) =>
    errorRecords([{ type: 'error', status: trouble.status, error: errorOf(trouble) }], place, 'error'),
}
