/** With which status a miss is told to the programs of this API. */
import { type Headers, headerOf } from '../headers.ts'

/** Codex tries a call again that gets a 404, six times in seven seconds; the words of a 400 it shows at once. */
const CODEX = /^codex/i

/** The status of a miss, if it is not the one of all APIs: by who asks. */
export const missStatusFor = (headers: Headers): number | undefined =>
  CODEX.test(headerOf(headers, 'originator') ?? '') ? 400 : undefined
