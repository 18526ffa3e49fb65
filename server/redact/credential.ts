/** Which part of a value is the credential, once its place says that it holds one. */
import { type Match, secretAt } from './match.ts'

/** The schemes of the header `authorization` that are in use; the word stays, since it tells how a call was made. */
const SCHEME =
  /^\s{0,20}(?:Basic|Bearer|Digest|DPoP|GNAP|Hawk|HOBA|Mutual|Negotiate|NTLM|OAuth|PrivateToken|SharedAccessSignature|SSWS|Splunk|Token|Api-?Key|Key|Aws4-HMAC-SHA256|SCRAM-SHA-\d{1,3})(?:\s{1,20}|$)/i

/** What people write instead of a credential: a placeholder, a variable, a word in brackets, `none`. */
const STAND_IN =
  /^(?:\[redacted:[^\]]{1,100}\]|\$\{\{[^{}]{1,100}\}\}|\{\{[^{}]{1,100}\}\}|\$?\{[\w .:-]{1,100}\}|<[\w .:-]{1,100}>|\$[A-Z_][A-Z0-9_]{0,100}|%[A-Z_][A-Z0-9_]{0,100}%|true|false|null|none|None|undefined)$/

/** A shorter value is not a credential. */
const MIN_CHARS = 4

/** A longer value is not a stand-in. */
const MAX_STAND_IN_CHARS = 200

/** Finds the credential in a value that stands in the place of one. */
export interface CredentialFinder {
  /** Whether a value only takes the place of a credential: it stays. */
  isStandIn(value: string): boolean
  /** The credential in the value of a member or of a header: all of it but the word for the scheme. */
  in(value: string): Match[]
}

/** @param placeholders what the rules of the user put in places, which stays */
export function createCredentialFinder(placeholders: readonly string[]): CredentialFinder {
  const isStandIn = (value: string) => {
    if (value.length < MIN_CHARS) return true
    if (value.length > MAX_STAND_IN_CHARS) return false
    return STAND_IN.test(value) || /^(.)\1*$/.test(value) || placeholders.includes(value)
  }
  return {
    isStandIn,
    in(value) {
      const start = SCHEME.exec(value)?.[0].length ?? 0
      const end = start + value.slice(start).trimEnd().length
      return isStandIn(value.slice(start, end)) ? [] : [secretAt(start, end, 'credential')]
    },
  }
}
