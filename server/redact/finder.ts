/** Finds what is to be redacted in a text or in a JSON text: by rules, and by the places where credentials stand. */
import { type IsWord, isApiId } from '../api/words.ts'
import { eachLiteral, valuesIn } from '../base/json-text.ts'
import { parseJson } from '../base/json.ts'
import { createAddressRule, inAddress } from './addresses.ts'
import { createCredentialFinder, type CredentialFinder } from './credential.ts'
import { findDisguised, mayBeDisguised } from './disguise.ts'
import { KNOWN } from './kinds.ts'
import { type Leaf, encoded, leavesIn, nameOf } from './leaves.ts'
import { findAll, type Match, merged, replace, type Rule } from './match.ts'
import { isCredentialName, mayHavePlaces } from './places.ts'
import type { Given } from './secrets.ts'

/** Finds what is to be redacted. Its matches are in order, and no two overlap. */
export interface Finder {
  /** Whether a text, or the JSON text of it, can hold a match at all. Most cannot, and are spared the search. */
  mayHold(text: string): boolean
  /** What is to be redacted in a text of somebody. One that is JSON, or begins like it, is searched as JSON, too. */
  inText(text: string): Match[]
  /** The secrets in what is no text of anybody: names, comments, lines of a protocol. */
  secretsIn(text: string): Match[]
  /**
   * What is to be redacted in a string of a JSON text, as it stands in the string.
   *
   * @param value the string, or one that it is a piece of
   */
  inLeaf(leaf: Leaf, isWord: IsWord, value?: string): Match[]
  /** What is to be redacted in a JSON text. Placeholders are written as JSON writes them. */
  inJson(json: string, isWord: IsWord): Match[]
  /** What is to be redacted in an address that may lack its host, as a header `location` has it. */
  inAddress(address: string): Match[]
  readonly credentials: CredentialFinder
}

export interface FinderRules {
  /** For secrets whose text is known. */
  readonly given: Given
  /** The user's own. */
  readonly own: readonly Rule[]
  /** What the user's rules put in places. */
  readonly placeholders: readonly string[]
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
const TELLING_NAME = /(?:key|token|secret|passw(?:or)?d)$/i

/** In a text that is JSON every string is a text: whoever wrote the one chose the words of the other. */
const NO_WORD: IsWord = () => false

/** Makes a finder of the known kinds, the places of credentials, and the given rules. */
export function createFinder({ given, own, placeholders }: FinderRules): Finder {
  const credentials = createCredentialFinder(placeholders)
  const { secrets, inWords, inData, inOtherIds, all } = choicesOf(createAddressRule(credentials), given, own)
  const mayHold = createGate(given, own)
  const disguised = (text: string) => findDisguised(text, (plain) => findAll(plain, secrets))

  const inText = (text: string): Match[] => {
    const isLikeJson = /[{[]/.test(text.charAt(text.search(/\S/)))
    // A backslash may be an escape that hides something from the rules.
    const within = isLikeJson && (text.includes('\\') || mayHavePlaces(text)) ? inJson(text, NO_WORD) : []
    const found = merged(text, [...within, ...findAll(text, all), ...disguised(text)])
    if (found.length === 0 || !isLikeJson || isWhole(replace(text, found)) || !isWhole(text)) return found
    // What is JSON stays JSON: only its strings and numbers are replaced, each in itself.
    return merged(text, [...inJson(text, NO_WORD), ...literalsIn(text, own)])
  }

  /** What is to be redacted in a text by the name of its member. */
  const inMember = (value: string, name: string): Match[] => {
    const isNamedSo = given.words.length > 0 && isCredentialName(name)
    const words = isNamedSo ? findAll(value, given.words) : []
    // The name and its value are read as one text.
    const before = TELLING_NAME.test(name) ? `${name}=` : ''
    if (before === '' && words.length === 0) return mayHold(value) ? inText(value) : []
    const named = findAll(before + value, secrets).map((match) => moved(match, -before.length))
    return merged(value, [...inText(value), ...words, ...named.filter(({ start }) => start >= 0)])
  }

  const inLeaf: Finder['inLeaf'] = (leaf, isWord, value = leaf.value) => {
    const { isName, place } = leaf
    if (isName) return mayHold(value) ? merged(value, [...findAll(value, inWords), ...disguised(value)]) : []
    const inPlace = leaf.isCredential ? credentials.in(value) : []
    if (inPlace.length > 0) return inPlace
    const name = nameOf(leaf)
    const isData = isLongData(value)
    if (isData || (OPAQUE_NAME.test(name) && !isApiId(name))) {
      if (!mayHold(value)) return []
      if (!isData && name.endsWith('id')) return merged(value, findAll(value, inOtherIds))
      return merged(value, [...findAll(value, inData), ...disguised(value)])
    }
    if (!isWord(place, value)) return inMember(value, name)
    return mayHold(value) ? merged(value, findAll(value, isApiId(name) ? inData : inWords)) : []
  }

  const inJson: Finder['inJson'] = (json, isWord) =>
    merged(
      json,
      leavesIn(json).flatMap((leaf) => encoded(inLeaf(leaf, isWord), leaf)),
    )

  return {
    mayHold,
    inText: (text) => (mayHold(text) ? inText(text) : []),
    secretsIn: (text) =>
      mayHold(text) ? merged(text, [...findAll(text, isLongData(text) ? inData : secrets), ...disguised(text)]) : [],
    inLeaf,
    inJson,
    inAddress: (address) => inAddress(address, 0, credentials),
    credentials,
  }
}

/** The numbers and words of a JSON text in which a rule finds something: all of each. */
function literalsIn(json: string, rules: readonly Rule[]): Match[] {
  const found: Match[] = []
  eachLiteral(json, (start, end) => {
    const [first] = findAll(json.slice(start, end), rules)
    if (first) found.push({ ...first, start, end, placeholder: JSON.stringify(first.placeholder) })
  })
  return found
}

/** Which rules count where. */
function choicesOf(addresses: Rule, { anywhere, alone }: Given, own: readonly Rule[]) {
  // The first rule that finds a secret names it. Known kinds come before what is configured, so that a key of a known kind
  // has the same placeholder on every machine.
  const secrets = [addresses, ...KNOWN, ...anywhere]
  const inData = [addresses, ...anywhere]
  return {
    secrets,
    inData,
    inWords: [...KNOWN, ...anywhere],
    inOtherIds: [...inData, ...alone, ...own],
    all: [...secrets, ...alone, ...own],
  }
}

/** Whether a text, or the JSON text of it, can hold a match of any rule. */
function createGate({ anywhere, alone, words }: Given, own: readonly Rule[]): (text: string) => boolean {
  const hints = [...anywhere, ...alone, ...words].flatMap((rule) => rule.hints)
  const hasHint = (text: string) => HINTS.test(text) || hints.some((hint) => text.includes(hint))
  return (text) => own.length > 0 || hasHint(text) || mayHavePlaces(text) || mayBeDisguised(text, hasHint)
}

/** Whether a text is all of a JSON object or array, or of several in a row. */
const isWhole = (text: string): boolean =>
  valuesIn(text).every((each) => {
    const value = parseJson(each)
    return typeof value === 'object' && value !== null
  })

/** Whether a text is long unbroken base64, or a data URL. It may be megabytes long, so no expression repeats over it. */
function isLongData(text: string): boolean {
  if (text.length < DATA_CHARS || LONG_TOKEN.test(text)) return false
  const data = text.slice(DATA_URL.exec(text)?.[0].length ?? 0)
  const end = data.search(/[^A-Za-z0-9+/_-]/)
  return end === -1 ? data.length >= DATA_CHARS : end >= DATA_CHARS && /^={1,2}$/.test(data.slice(end))
}

const moved = (match: Match, by: number): Match => ({ ...match, start: match.start + by, end: match.end + by })

/** Escapes may hide anything. A quote and a backslash need one; the hints of secrets are free of them. */
const ESCAPES = [String.raw`\u`, String.raw`\x`, String.raw`\/`]

/** Finds the beginnings that all texts have to hold in which a known kind is found. */
const HINTS = expressionOf(['://', ...KNOWN.flatMap((rule) => rule.hints), ...ESCAPES])

/** An expression that finds any of these texts. Beginnings that several share are tried once: that is a fifth faster. */
function expressionOf(texts: readonly string[]): RegExp {
  return new RegExp(alternatives([...new Set(texts)]))
}

function alternatives(texts: readonly string[]): string {
  if (texts.includes('')) return ''
  const sources = Array.from(
    Map.groupBy(texts, (text) => text.charAt(0)),
    ([first, group]) => (/\w/.test(first) ? first : `\\${first}`) + alternatives(group.map((text) => text.slice(1))),
  )
  return sources.length === 1 ? sources.join('') : `(?:${sources.join('|')})`
}
