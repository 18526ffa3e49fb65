/** What a chat client gets for the answer of a fixture, record by record: as `/ws-stream` makes it, by the same parts. */
import { ModelError, isFailure } from '../../api/ending.ts'
import { creates } from '../../api/responses/events.ts'
import { nextTurn } from '../../base/clock.ts'
import { DeltatapeError } from '../../base/errors.ts'
import { type List, fresh } from '../../base/memo.ts'
import type { Fixture } from '../../fixture/fixture.ts'
import type { Redactor } from '../../redact/redactor.ts'
import { API } from '../ws/calls.ts'
import { chatTurns } from '../ws/chat.ts'
import { relay } from '../ws/relay.ts'
import type { Frames } from './data.ts'

/** Whether a chat client could get the answer: it asks the Responses API for a stream, and no other host. */
const isForChats = ({ api, call, request }: Fixture): boolean =>
  api === API.name && creates(call) && call.host === undefined && request.stream === true

/** After so many records others may go first. */
const RECORDS_AT_ONCE = 1000

const createTurn = chatTurns({ deltas: true })

/** The frames of a fixture; undefined if no chat client could get its answer. */
export async function framesOf(fixture: Fixture, redactor: Redactor): Promise<Frames | undefined> {
  if (!isForChats(fixture)) return undefined
  const { records, response, ending } = fixture
  const of = records.map(() => new Array<string>())
  const last: string[] = []
  let now = last
  const failure = isFailure(ending) ? new ModelError(ending) : undefined
  async function* eachAlone() {
    for (const [index, record] of records.entries()) {
      if (index % RECORDS_AT_ONCE === 0) await nextTurn()
      now = of[index] ?? last
      yield fresh([record])
    }
    now = last
    if (failure) throw failure
  }
  const turn = createTurn({ redact: redactor.text })
  const send = ({ items }: List<string>) => void now.push(...items)
  try {
    if (!response) throw failure ?? new ModelError({ end: 'unreachable' })
    const { signal } = new AbortController()
    await relay({ head: response, records: eachAlone() }, turn, { redact: redactor, send, signal })
  } catch (error) {
    if (!(error instanceof DeltatapeError)) throw error
    last.push(...turn.fail(error))
  }
  return { of, last }
}
