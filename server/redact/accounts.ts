/** Who is billed: errors of APIs name the organization, the project or the account that called. */
import type { Place } from '../base/json-text.ts'
import type { Finder } from './finder.ts'
import { pattern } from './kinds.ts'
import { type Rule, findAll, merged } from './match.ts'

const UUID = String.raw`[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}`

/** How the ids of accounts look: of OpenAI and others that have a prefix, of Anthropic, of AWS, of Google. */
const ACCOUNTS: readonly Rule[] = [
  pattern(
    'account-id',
    ['org-', 'org_', 'proj_', 'user-', 'user_'],
    /(?<![A-Za-z0-9])(?:org[-_]|proj_|user[-_])(?=[A-Za-z0-9]{0,100}\d)[A-Za-z0-9]{16,99}(?!\w)/g,
  ),
  pattern(
    'account-id',
    ['org', 'Org'],
    new RegExp(String.raw`\b[Oo]rg(?:anization)?(?:['’]s)?(?: id)?[\s:=('"\x60]{1,5}(?<secret>${UUID})`, 'g'),
  ),
  pattern('account-id', ['arn:aws'], /arn:aws[\w-]{0,20}:[\w-]{0,40}:[\w-]{0,40}:(?<secret>\d{12})(?=:)/g),
  pattern('account-id', ['roject'], /[Pp]roject(?:s?[/ ]|_number:)(?<secret>\d{6,19})(?!\d)/g),
]

/** Members whose texts are an error's: those below them too. */
const OF_ERROR = /^(?:errors?|fault)$/

/** Members that are one if they stand outermost. */
const ERROR_TEXT = /^(?:message|Message|detail|error_message)$/

/** Members that name an account, wherever they stand. */
const ACCOUNT = /^(?:org(?:anization)?|project|user)(?:_?id|Id)$/

/** Whether a text of an error stands in a place of an answer, or the id of an account. What models say is neither. */
const isOfAccount = (place: Place): boolean =>
  place.some((step) => typeof step === 'string' && OF_ERROR.test(step)) ||
  (place.length === 1 && ERROR_TEXT.test(String(place[0]))) ||
  ACCOUNT.test(String(place.at(-1)))

/** What a text has that holds one, in few steps. */
const MAY_HOLD =
  /(?:org|proj|user)[-_][A-Za-z0-9]{16}|[Oo]rg[^"]{1,30}[\da-f]{4}-[\da-f]{12}|arn:aws|[Pp]roject(?:s?[/ ]|_number:)\d{6}/

/**
 * A finder that finds the ids of accounts, too, in what errors say. For answers alone: in a request they count for its key,
 * and a text of a model comes back with the next one.
 */
export const withAccounts = (finder: Finder): Finder => ({
  ...finder,
  mayHold: (text) => finder.mayHold(text) || MAY_HOLD.test(text),
  inLeaf(leaf, isWord, value = leaf.value) {
    const found = finder.inLeaf(leaf, isWord, value)
    const accounts = leaf.isName || !isOfAccount(leaf.place) ? [] : findAll(value, ACCOUNTS)
    return accounts.length === 0 ? found : merged(value, [...found, ...accounts])
  },
})
