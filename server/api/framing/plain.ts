/** Any body that is no stream of records: JSON in one piece, text, bytes. */
import { type Framing, beginningOf, mayBeJson } from './framing.ts'
import { createPlainReader } from './plain-reader.ts'

/** A JSON body in one piece. */
export const json: Framing = {
  types: /^application\/(?:[^/]+\+)?json$/,
  begins(start, type) {
    return this.types.test(type) || (mayBeJson(type) && /^[{[]/.test(beginningOf(start)))
  },
  reader: createPlainReader,
}

/** Anything else: text, or bytes. */
export const text: Framing = { types: /^/, begins: () => true, reader: createPlainReader }
