/** JSON text sequences (RFC 7464): each text stands between a record separator and a line feed. */
import { parseEvent } from '../../../server/api/event.ts'
import {
  type Carrier,
  type Framing,
  NOTHING_SAID,
  dataOf,
  replacedIn,
  viewOf,
  wireOf,
} from '../../../server/api/framing/framing.ts'
import { createRest } from '../../../server/api/framing/rest.ts'
import type { AnswerRecord } from '../../../server/api/record.ts'

const [SEPARATOR, LINE_FEED] = ['\u001E', '\n']
const NONE = Buffer.alloc(0)

function parse(wire: AnswerRecord['wire'], at: number): AnswerRecord {
  if (typeof wire !== 'string' || !wire.startsWith(SEPARATOR)) return { at, wire }
  const text = wire.slice(1).trimEnd()
  const event = parseEvent(text, at)
  if (event) return { at, wire, event }
  return wire.endsWith(LINE_FEED) ? { at, wire, data: text } : { at, wire }
}

const carrier: Carrier = {
  parse,
  describe(record) {
    const text = dataOf(record)
    return text === undefined ? undefined : { text, said: NOTHING_SAID }
  },
  carry: (text, _said, at) => parse(SEPARATOR + text + LINE_FEED, at),
  rewrite(record, text, clean) {
    const { at, wire } = record
    const before = dataOf(record)
    if (typeof wire !== 'string' || before === undefined || !wire.startsWith(SEPARATOR)) return undefined
    const written = replacedIn(wire, before, text, clean)
    return written === undefined || written === wire ? record : parse(written, at)
  },
}

export const seq: Framing = {
  types: /^application\/json-seq$/,
  begins: (start) => start[0] === SEPARATOR.charCodeAt(0),
  reader() {
    const rest = createRest()
    return {
      read(bytes, at) {
        const chunk = viewOf(bytes)
        const records: AnswerRecord[] = []
        let start = 0
        for (let feed = chunk.indexOf(LINE_FEED); feed !== -1; feed = chunk.indexOf(LINE_FEED, start)) {
          records.push(parse(wireOf(rest.take(chunk.subarray(start, feed + 1))), at))
          start = feed + 1
        }
        rest.add(chunk.subarray(start))
        return records
      },
      end(at) {
        const left = rest.take(NONE)
        return left.length > 0 ? [{ at, wire: wireOf(left) }] : []
      },
    }
  },
  carrier,
}
