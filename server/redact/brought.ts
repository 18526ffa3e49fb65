/** The credentials that a client brings with a call: secrets as long as it lasts. */
import type { Call } from '../api/call.ts'
import type { CredentialFinder } from './credential.ts'
import { isCredentialHeader, isCredentialParameter } from './places.ts'

/** What of a call can hold one. */
export type Brought = Pick<Call, 'headers' | 'query' | 'credential'>

/** A header such as `authorization`: a scheme stands before the key (RFC 9110, 11.4). */
const AUTHORIZATION = /authorization$/i

/** A value with a scheme that is not known; what stands behind it. */
const BEHIND_SCHEME = /^\s{0,20}[\w!#$%&'*+.^`|~-]{1,100}\s{1,20}(\S.*)$/s

/**
 * The values of headers and of parameters whose names say so, without the word for the scheme. Any API may have a scheme
 * of its own: then what stands behind it is a secret, too.
 */
export function credentialsOf({ headers, query, credential }: Brought, finder: CredentialFinder): string[] {
  const values = [
    ...headers
      .filter(([name]) => isCredentialHeader(name))
      .flatMap(([name, value]) => [value, ...(AUTHORIZATION.test(name) ? keyIn(value) : [])]),
    ...[...new URLSearchParams(query)].filter(([name]) => isCredentialParameter(name)).map(([, value]) => value),
    ...(credential === undefined ? [] : [credential, ...keyIn(credential)]),
  ]
  const secrets = values.flatMap((value) => finder.in(value).map(({ start, end }) => value.slice(start, end)))
  return [...new Set(secrets.flatMap((secret) => [secret, ...loginIn(secret)]))]
}

const keyIn = (value: string): string[] => BEHIND_SCHEME.exec(value)?.slice(1) ?? []

/** The password of a login (RFC 7617), and the user if there is none: then the user is the key. */
function loginIn(secret: string): string[] {
  const text = Buffer.from(secret, 'base64').toString()
  const at = text.indexOf(':')
  if (at === -1 || !/^[\x20-\x7E]*$/.test(text)) return []
  const login = text.slice(at + 1) || text.slice(0, at)
  return login === '' ? [] : [login]
}
