/** Finds what is to be redacted in a text or in a JSON text: by rules, and by the places where credentials stand. */
import { eachString, indexesInText, type JsonString } from '../base/json-text.ts'
import { createAddressRule, inAddress } from './addresses.ts'
import { createCredentialFinder, type CredentialFinder } from './credential.ts'
import { KNOWN } from './kinds.ts'
import { findAll, type Match, merged, type Rule } from './match.ts'
import { createHeaderList, mayHavePlaces, standingOf } from './places.ts'

/** Finds what is to be redacted. Its matches are in order, and no two overlap. */
export interface Finder {
  /** Whether a text, or the JSON text of it, can hold a match at all. Most cannot, and are spared the search. */
  mayHold(text: string): boolean
  /** What is to be redacted in a text. A text that is JSON, or begins like it, is searched as JSON, too. */
  inText(text: string): Match[]
  /** What is to be redacted in the text of a member, or of all its deltas. */
  inMember(value: string, name: string): Match[]
  /**
   * What is to be redacted in the strings of a JSON text. Placeholders are written as JSON writes them.
   *
   * @param known gives what is to be redacted in a string, if that is known already
   */
  inJson(json: string, known?: (string: JsonString) => readonly Match[] | undefined): Match[]
  /** What is to be redacted in an address that may lack its host, as a header `location` has it. */
  inAddress(address: string): Match[]
  readonly credentials: CredentialFinder
}

/** Names of members whose values are ids, data or signatures of the API, and no texts. */
const OPAQUE_NAME = /(?:^|_)(?:id|b64|b64_json|encrypted_content|file_data|obfuscation|signature|fingerprint)$/

/** A data URL up to its data. */
const DATA_URL = /^data:[^,]{0,200};base64,/

/** From this length on unbroken base64 is data: chance alone makes tokens in it. */
const DATA_CHARS = 200

/** Kinds of tokens that are as long, by how they begin. */
const LONG_TOKEN = /^(?:ops_ey|glc_|pypi-)/

/** The name of a member may say that its value is a secret. */
const TELLING_NAME = /key$/i

/** An id that the API gives: a user's pattern must not part it from what it belongs to. Other ids are texts. */
const API_ID =
  /^(?:(?:item|call|response|previous_response|approval_request|container|conversation|file|vector_store)_)?id$/

export interface FinderRules {
  /** For secrets that are known to be such: they count in opaque members, too. */
  readonly given: readonly Rule[]
  /** The user's own. */
  readonly own: readonly Rule[]
  /** What the user's rules put in places. */
  readonly placeholders: readonly string[]
}

/** Makes a finder of the known kinds, the places of credentials, and the given rules. */
export function createFinder({ given, own, placeholders }: FinderRules): Finder {
  const credentials = createCredentialFinder(placeholders)
  const { all, rulesOf } = createChoice(createAddressRule(credentials), given, own)
  const hints = expressionOf([...all.flatMap((rule) => rule.hints), ...ESCAPES])
  const mayHold = (text: string): boolean => hints.test(text) || mayHavePlaces(text)

  const inText = (text: string, rules: readonly Rule[] = all): Match[] => {
    // A backslash may be an escape that hides something from the rules.
    const isJson = isLikeJson(text) && (text.includes('\\') || mayHavePlaces(text))
    return merged(text, [...(isJson ? inJson(text) : []), ...findAll(text, rules)])
  }

  const inMember = (value: string, name: string): Match[] => {
    const rules = rulesOf(value, name)
    if (!TELLING_NAME.test(name)) return mayHold(value) ? inText(value, rules) : []
    // The name and its value are read as one text.
    const before = `${name}=`
    if (!mayHold(before + value)) return []
    const found = findAll(before + value, rules).map((match) => moved(match, -before.length))
    return merged(value, [...inText(value, rules), ...found.filter(({ start }) => start >= 0)])
  }

  const inPlace = (value: string, name: string): readonly Match[] => {
    const found = credentials.in(value)
    return found.length > 0 ? found : inMember(value, name)
  }

  const inJson: Finder['inJson'] = (json, known) => {
    const found: Match[] = []
    const add = (matches: readonly Match[], { raw, start }: JsonString) => {
      if (matches.length > 0) for (const match of encoded(matches, raw)) found.push(moved(match, start))
    }
    const hasPlaces = mayHavePlaces(json)
    const headers = createHeaderList()
    eachString(json, (string) => {
      const { value, isName, place } = string
      const before = isName ? undefined : known?.(string)
      const standing = isName || !hasPlaces ? undefined : standingOf(place)
      if (before) add(before, string)
      else if (standing === 'value') headers.add(standing, string)
      else if (standing === 'credential') add(inPlace(value, nameOf(string)), string)
      else add(inMember(value, isName ? '' : nameOf(string)), string)
      if (standing === 'name') headers.add(standing, string)
    })
    for (const { string, isCredential } of headers.values()) {
      add(isCredential ? inPlace(string.value, 'value') : inMember(string.value, 'value'), string)
    }
    return merged(json, found)
  }

  return {
    mayHold,
    inText: (text) => inText(text),
    inMember,
    inJson,
    inAddress: (address) => inAddress(address, 0, credentials),
    credentials,
  }
}

/** Which rules count in a string. */
function createChoice(addresses: Rule, given: readonly Rule[], own: readonly Rule[]) {
  // The first rule that finds a secret names it. Known kinds come before what is configured, so that a key of a known kind
  // has the same placeholder on every machine.
  const all = [addresses, ...KNOWN, ...given, ...own]
  const inData = [addresses, ...given]
  const inIds = [addresses, ...given, ...own]
  return {
    all,
    rulesOf(value: string, name: string): readonly Rule[] {
      if (isLongData(value)) return inData
      if (!OPAQUE_NAME.test(name)) return all
      return isData(name) ? inData : inIds
    },
  }
}

/** Whether a text may be JSON, whole or cut. */
const isLikeJson = (text: string): boolean => /[{[]/.test(text.charAt(text.search(/\S/)))

/** Whether a text is long unbroken base64, or a data URL. It may be megabytes long, so no expression repeats over it. */
function isLongData(text: string): boolean {
  if (text.length < DATA_CHARS || LONG_TOKEN.test(text)) return false
  const data = text.slice(DATA_URL.exec(text)?.[0].length ?? 0)
  const end = data.search(/[^A-Za-z0-9+/_-]/)
  return end === -1 ? data.length >= DATA_CHARS : end >= DATA_CHARS && /^={1,2}$/.test(data.slice(end))
}

/** What is the API's own by the name of its member, and no text of anybody. */
const isData = (name: string): boolean => API_ID.test(name) || !name.endsWith('id')

/** The name of the member that holds a string, however deep in lists. */
const nameOf = ({ place }: JsonString): string => String(place.findLast((step) => typeof step === 'string') ?? '')

const moved = (match: Match, by: number): Match => ({ ...match, start: match.start + by, end: match.end + by })

/** Matches in a string, as they stand in its JSON text. */
function encoded(matches: readonly Match[], raw: string): Match[] {
  const indexes = indexesInText(
    raw,
    matches.flatMap(({ start, end }) => [start, end]),
  )
  return matches.map((match, index) => ({
    ...match,
    start: indexes[2 * index] ?? 0,
    end: indexes[2 * index + 1] ?? 0,
    placeholder: JSON.stringify(match.placeholder).slice(1, -1),
  }))
}

/** Escapes may hide anything. A quote and a backslash need one; the hints of secrets are free of them. */
const ESCAPES = [String.raw`\u`, String.raw`\/`]

/** An expression that finds any of these texts. Beginnings that several share are tried once: that is a fifth faster. */
const expressionOf = (texts: readonly string[]): RegExp => new RegExp(alternatives([...new Set(texts)]))

function alternatives(texts: readonly string[]): string {
  if (texts.includes('')) return ''
  const sources = Array.from(
    Map.groupBy(texts, (text) => text.charAt(0)),
    ([first, group]) => (/\w/.test(first) ? first : `\\${first}`) + alternatives(group.map((text) => text.slice(1))),
  )
  return sources.length === 1 ? sources.join('') : `(?:${sources.join('|')})`
}
