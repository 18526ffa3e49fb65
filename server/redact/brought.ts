/** The credentials that a client brings with a call: secrets as long as it lasts. */
import type { Call } from '../api/call.ts'
import type { CredentialFinder } from './credential.ts'
import { isCredentialHeader, isCredentialParameter } from './places.ts'

/** What of a call can hold one. */
export type Brought = Pick<Call, 'headers' | 'query' | 'credential'>

/** The values of headers and of parameters whose names say so, without the word for the scheme. */
export function credentialsOf({ headers, query, credential }: Brought, finder: CredentialFinder): string[] {
  const values = [
    ...headers.filter(([name]) => isCredentialHeader(name)).map(([, value]) => value),
    ...[...new URLSearchParams(query)].filter(([name]) => isCredentialParameter(name)).map(([, value]) => value),
    ...(credential === undefined ? [] : [credential]),
  ]
  const secrets = values.flatMap((value) => finder.in(value).map(({ start, end }) => value.slice(start, end)))
  return [...new Set(secrets.flatMap((secret) => [secret, ...loginIn(secret)]))]
}

/** The password of a login (RFC 7617), and the user if there is none: then the user is the key. */
function loginIn(secret: string): string[] {
  const text = Buffer.from(secret, 'base64').toString()
  const at = text.indexOf(':')
  if (at === -1 || !/^[\x20-\x7E]*$/.test(text)) return []
  const login = text.slice(at + 1) || text.slice(0, at)
  return login === '' ? [] : [login]
}
