/** The connections to APIs, by a proxy if there is one: kept open for the next call, and without deadlines of their own. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate as startSoon } from 'node:timers'
import type { LookupFunction } from 'node:net'
import type { Dispatcher } from 'undici'

/** The variables that name proxies; those in lower case come first, as in other programs. */
export type ProxyVariables = Readonly<Record<string, string | undefined>>

/** Gives what all calls go through. undici is loaded for the first of them: a server that replays needs none of it. */
export type LoadDispatcher = () => Promise<Dispatcher>

/**
 * Does something in the context in which this file was loaded. A call that an application intercepts may be answered by one
 * that is sent here: within the context of the first, whoever intercepts would take the second for it.
 */
export const outside = AsyncLocalStorage.snapshot()

/** How large the headers of an answer may be, in bytes. */
const MAX_HEADER_BYTES = 1024 * 1024

/** A variable by its name in upper case. */
export const proxyVariable = (variables: ProxyVariables, name: string): string =>
  variables[name.toLowerCase()] ?? variables[name] ?? ''

/**
 * Makes the connections of one server or one `fetch`. An idle one keeps no process running.
 *
 * @param lookup asked for the addresses of a name; what goes by a proxy is left to that
 */
export function createDispatcher(variables: ProxyVariables, lookup?: LookupFunction): LoadDispatcher {
  let loading: Promise<Dispatcher> | undefined
  return () => (loading ??= load(variables, lookup))
}

async function load(variables: ProxyVariables, lookup: LookupFunction | undefined): Promise<Dispatcher> {
  const { EnvHttpProxyAgent } = await import('undici')
  const make = (pipelining: number) =>
    new EnvHttpProxyAgent({
      // The empty text keeps undici from asking the environment itself.
      httpProxy: proxyVariable(variables, 'HTTP_PROXY'),
      httpsProxy: proxyVariable(variables, 'HTTPS_PROXY'),
      noProxy: proxyVariable(variables, 'NO_PROXY'),
      pipelining,
      connectTimeout: 0,
      connect: lookup === undefined ? {} : { lookup },
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: MAX_HEADER_BYTES,
      // Only HTTP/1.1 keeps the names of headers as they were written.
      allowH2: false,
    })
  /** Closes each connection after its call. */
  let once: Dispatcher | undefined
  return make(1).compose((dispatch) => (options, handler) => {
    // undici waits for an immediate before it uses a connection again, and in a test that fakes timers none comes.
    if (globalThis.setImmediate === startSoon) return outside(dispatch, options, handler)
    const closing = (once ??= make(0))
    return outside(() => closing.dispatch(options, handler))
  })
}
