/** The token that the server may ask for. It comes in the address, once, and is kept for this tab alone. */
import { signal } from '@preact/signals'

const KEY = 'deltatape.token'

/** What is kept in this tab; nothing where a browser keeps nothing, as for some files. */
function kept(): string | undefined {
  try {
    return sessionStorage.getItem(KEY) ?? undefined
  } catch {
    return undefined
  }
}

function keep(value: string): void {
  try {
    sessionStorage.setItem(KEY, value)
  } catch {
    // It is known until this page is left.
  }
}

const value = signal(kept())

/** Takes the token out of the address: `#token=…` or `#/live?token=…`. Called before anything looks at the address. */
export function takeToken(): void {
  const { hash } = location
  const found = /(?:^#|[?&])token=([^&]*)/.exec(hash)?.[1]
  if (found === undefined) return
  // Unlike decodeURIComponent it bears what was encoded badly; a plus is one.
  set(new URLSearchParams(`token=${found.replaceAll('+', '%2B')}`).get('token') ?? '')
  const rest = hash
    .replace(/([?&]?)token=[^&]*/, '')
    .replace(/^#&?/, '#')
    .replace('?&', '?')
  history.replaceState(history.state, '', rest === '#' || rest === '' ? '#/' : rest)
}

function set(text: string): void {
  value.value = text
  keep(text)
}

/** Base64 as it may stand in an address (RFC 4648, 5), without padding. */
const base64url = (text: string): string =>
  btoa(String.fromCharCode(...new TextEncoder().encode(text)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')

/** What a token is made of. Anything else is none, and could not stand in a header. */
const SENDABLE = /^[!-~]+$/

export const token = {
  set,
  isKnown: (): boolean => value.value !== undefined,
  /** The headers of a request; a signal is read, so that whoever asks again asks with the new one. */
  headers: (): Record<string, string> =>
    value.value !== undefined && SENDABLE.test(value.value) ? { 'x-deltatape-token': value.value } : {},
  /** The subprotocols of a WebSocket: a browser sends no other header there. */
  protocols: (): string[] =>
    value.value === undefined ? [] : ['deltatape', `deltatape.token.${base64url(value.value)}`],
}
