/** Cuts a body into records after each end that is found in it. */
import type { AnswerRecord } from '../record.ts'
import { type Carrier, type RecordReader, viewOf, wireOf } from './framing.ts'
import { createRest } from './rest.ts'

const NONE = Buffer.alloc(0)

export interface Cut {
  /** The index after the next end from `at` on; -1 if the chunk holds none. Asked once for each byte, in order. */
  readonly endIn: (chunk: Buffer, at: number) => number
  readonly parse: Carrier['parse']
  /** Whether what is left when the body ends as HTTP says is a record like the others. */
  readonly endsWithBody: boolean
}

export function createPieceReader({ endIn, parse, endsWithBody }: Cut): RecordReader {
  const rest = createRest()
  let isFirst = true
  const record = (bytes: Buffer, at: number): AnswerRecord => {
    const read = parse(wireOf(bytes), at, isFirst)
    isFirst = false
    return read
  }
  return {
    read(bytes, at) {
      const chunk = viewOf(bytes)
      const records: AnswerRecord[] = []
      let start = 0
      for (let end = endIn(chunk, 0); end !== -1; end = endIn(chunk, start)) {
        records.push(record(rest.take(chunk.subarray(start, end)), at))
        start = end
      }
      rest.add(chunk.subarray(start))
      return records
    },
    end(at, clean) {
      const bytes = rest.take(NONE)
      if (bytes.length === 0) return []
      return [clean && endsWithBody ? record(bytes, at) : { at, wire: wireOf(bytes) }]
    },
  }
}
