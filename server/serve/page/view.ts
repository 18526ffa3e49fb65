/** All of one fixture, as the page is told it. */
import { apiNamed } from '../../api/index.ts'
import { tokensIn } from '../../api/tokens.ts'
import { nextTurn } from '../../base/clock.ts'
import { deltatape } from '../../base/command-line.ts'
import { endLine } from '../../fixture/file.ts'
import type { StoredFixture } from '../../fixture/fixture.ts'
import { readAnswer, summarize } from '../../fixture/summary.ts'
import { gapIn } from '../../fixture/timeline.ts'
import { isWritten } from '../../fixture/written.ts'
import type { Redactor } from '../../redact/redactor.ts'
import { askedIn } from './asked.ts'
import { recordsOf, saidBy } from './columns.ts'
import type { View } from './data.ts'
import { framesOf } from './frames.ts'

/** What is known of a fixture beside itself, and by what secrets are taken out of errors. */
export interface Around extends Pick<View, 'previous' | 'replay'> {
  /** The flags with which a command finds the fixtures. */
  readonly flags: readonly string[]
  readonly redactor: Redactor
}

/** Makes the view of a fixture. Others have their turns between what is done for it. */
export async function viewOf(fixture: StoredFixture, { previous, replay, flags, redactor }: Around): Promise<View> {
  const { name, response, records, endedAt, requestText, recorded, sha256 } = fixture
  await nextTurn()
  const read = readAnswer(fixture)
  await nextTurn()
  const { answer: _answer, events: _events, ...summary } = summarize(fixture, read)
  const said = saidBy(read, records)
  await nextTurn()
  const columns = recordsOf(fixture, apiNamed(fixture.api), said)
  return {
    name,
    ...summary,
    asked: askedIn(fixture),
    request: requestText,
    ...(previous && { previous }),
    headers: response?.headers ?? [],
    ...(response && { framing: response.framing, sha256 }),
    written: isWritten(fixture),
    edited: recorded.edited === true,
    gap: gapIn(records, endedAt),
    ...columns,
    ...said,
    frames: await framesOf(fixture, redactor),
    ...(summary.usage && { tokens: tokensIn(summary.usage) }),
    last: endLine(fixture),
    replay,
    command: deltatape('record', ...flags, name),
  }
}
