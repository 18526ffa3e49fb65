/** What is there, or may be, and cannot be read now. */
import { DeltatapeError, systemCode } from '../base/errors.ts'
import { codeAndCure } from '../base/system.ts'

/** It is never taken for what is not there: whoever asks is told, and nothing is called or written in its place. */
export class UnreadableError extends DeltatapeError {
  constructor(what: string, cause: unknown) {
    super('fixture_invalid', `${what} cannot be read: ${codeAndCure(systemCode(cause) ?? String(cause))}`, { cause })
  }
}
