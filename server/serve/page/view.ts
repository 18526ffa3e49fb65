/** All of one fixture, as the page is told it. */
import { apiNamed } from '../../api/index.ts'
import { tokensIn } from '../../api/tokens.ts'
import { nextTurn } from '../../base/clock.ts'
import { forShell } from '../../base/shell.ts'
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
  /** Where the fixtures are, as configured. */
  readonly place: string
  readonly redactor: Redactor
}

/** Makes the view of a fixture. Others have their turns between what is done for it. */
export async function viewOf(fixture: StoredFixture, { previous, replay, place, redactor }: Around): Promise<View> {
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
    command: commandFor(name, place),
  }
}

/** Where fixtures are if nobody says anything. */
const USUAL_DIR = 'fixtures'

const commandFor = (name: string, place: string): string => `npx deltatape record ${flagFor(place)}${forShell(name)}`

/** What tells a command where the fixtures are, with a space behind it; nothing if it finds them by itself. */
export const flagFor = (place: string): string => (place === USUAL_DIR ? '' : `--fixtures ${forShell(place)} `)
