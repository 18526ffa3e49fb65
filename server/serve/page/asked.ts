/** How the last text of the user begins, for lists and titles. */
import { apiNamed } from '../../api/index.ts'
import type { StoredFixture } from '../../fixture/fixture.ts'

/** How much of it is shown, in characters. */
const MAX_ASKED = 200

/** The beginning of the last text of the user, on one line; empty if there is none. */
export function askedIn({ api, request }: Pick<StoredFixture, 'api' | 'request'>): string {
  const line = apiNamed(api)
    .lastUserText(request)
    .slice(0, 4 * MAX_ASKED)
    .trim()
    .replaceAll(/\s+/g, ' ')
  return line.length > MAX_ASKED ? `${line.slice(0, MAX_ASKED).toWellFormed()}…` : line.toWellFormed()
}
