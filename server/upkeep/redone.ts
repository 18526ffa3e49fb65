/** One fixture as the rules of redaction and of `match` of now would have recorded it. */
import type { Ending } from '../api/ending.ts'
import { apiNamed } from '../api/index.ts'
import { DeltatapeError } from '../base/errors.ts'
import { besideFrom, besideOf } from '../fixture/beside.ts'
import { bodyHash, formatFixture, parseFixture } from '../fixture/file.ts'
import { type Fixture, eventsOf } from '../fixture/fixture.ts'
import { type Asked, keyOf } from '../fixture/key.ts'
import type { Match } from '../fixture/match.ts'
import { parseRequest } from '../fixture/request.ts'
import { matchedAgain } from '../fixture/rules.ts'
import { givenBy } from '../fixture/thread.ts'
import type { Redactor } from '../redact/redactor.ts'
import { harmIn, remainsOf } from '../redact/shape.ts'

/** A fixture as it would have been recorded with the rules of now. */
export interface Redone {
  readonly fixture: Fixture
  /** Whether it differs from what it was. */
  readonly changed: boolean
  /** What was redacted, by kind. */
  readonly kinds: ReadonlySet<string>
}

/**
 * Redacts a fixture once more. The hash of its body is taken anew, so a body that did not match its hash before is marked
 * as edited: it must not pass for a recording.
 *
 * @param previousKey the key that the fixture which this one continues has now
 * @param match what counts for keys now
 */
export async function redactAgain(
  fixture: Fixture,
  redactor: Redactor,
  previousKey: string | undefined,
  match?: Match,
): Promise<Redone> {
  const kinds = new Set<string>()
  const found = (kind: string) => void kinds.add(kind)
  const { api, call, response, recorded } = fixture
  const requestText = redactor.json(fixture.requestText, found, apiNamed(api).isWord)
  const path = redactor.path(call.path, found)
  const query = call.query && redactor.query(call.query, found)
  const written: Asked = {
    api,
    call: { ...call, path, ...(query && { query }) },
    request: parseRequest(requestText),
    requestText,
    ...(previousKey === undefined || fixture.follows !== undefined ? {} : { previousKey }),
    ...(fixture.matchedBy && { matchedBy: fixture.matchedBy }),
  }
  const asked = matchedAgain(written, match)
  const key = keyOf(asked)
  const records = await redactor.records(fixture.records, apiNamed(api), found)
  const isEdited = fixture.sha256 !== undefined && fixture.sha256 !== bodyHash(fixture.records)
  return {
    fixture: {
      ...fixture,
      ...asked,
      key,
      ...(response ? { response: { ...response, headers: redactor.headers(response.headers, found) } } : {}),
      ...(fixture.responseId === undefined
        ? {}
        : { responseId: apiNamed(api).answerId(call, eventsOf({ api, records })) }),
      ...(fixture.follows === undefined ? {} : { follows: previousKey }),
      ...(fixture.knownBy && { knownBy: givenBy(apiNamed(api), asked.request, eventsOf({ api, records })) }),
      recorded: isEdited ? { ...recorded, edited: true } : recorded,
      records,
      ending: redactEnding(fixture.ending, redactor, found),
      sha256: bodyHash(records),
    },
    changed: key !== fixture.key || kinds.size > 0 || (fixture.follows ?? previousKey) !== previousKey,
    kinds,
  }
}

const redactEnding = (ending: Ending, redactor: Redactor, found: (kind: string) => void): Ending =>
  'why' in ending && ending.why !== undefined ? { ...ending, why: redactor.body(ending.why, found) } : ending

/** What is put onto fixtures. */
export interface RulesOfNow {
  readonly redactor: Redactor
  /** What counts for keys, if the user has a say in it. */
  readonly match?: Match | undefined
}

/** Redacts a fixture once more, or says why what is left would not be the same answer without its secrets. */
export async function redactWhole(
  fixture: Fixture,
  { redactor, match }: RulesOfNow,
  previousKey: string | undefined,
): Promise<Redone | { readonly why: string }> {
  try {
    const redone = await redactAgain(fixture, redactor, previousKey, match)
    const harm = harmIn(fixture.records, redone.fixture.records, apiNamed(fixture.api), fixture.call)
    if (harm !== undefined) return { why: `its redaction ${harm} (${[...redone.kinds].join(', ')})` }
    const remains = remainsOf(redactor.left(fixture.records, redone.fixture.records, apiNamed(fixture.api)))
    if (remains !== undefined) return { why: `its redaction ${remains}: record it again, or remove it` }
    if (redone.changed)
      parseFixture(formatFixture(redone.fixture), 'what is left', besideFrom(besideOf(redone.fixture)))
    return redone
  } catch (error) {
    if (!(error instanceof DeltatapeError)) throw error
    return { why: error.message }
  }
}
