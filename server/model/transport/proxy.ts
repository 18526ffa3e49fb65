/** Which proxy an address is reached by. For HTTP undici decides; a WebSocket goes the same way. */
import { type ProxyVariables, proxyVariable } from './dispatcher.ts'

/** The address of the proxy for an `http:` or `https:` address, if it is not reached directly. */
export function proxyFor(variables: ProxyVariables, origin: string): string | undefined {
  const { protocol, hostname, port } = new URL(origin)
  const byHttp = proxyVariable(variables, 'HTTP_PROXY')
  const proxy = (protocol === 'https:' && proxyVariable(variables, 'HTTPS_PROXY')) || byHttp
  const target = { host: nameOf(hostname), port: port || (protocol === 'https:' ? '443' : '80') }
  const direct = proxyVariable(variables, 'NO_PROXY')
    .split(/[,\s]+/)
    .some((entry) => entry !== '' && covers(entry, target))
  return proxy === '' || direct ? undefined : proxy
}

/** A host name or address without brackets and without the dot at its end. */
const nameOf = (host: string): string =>
  host
    .toLowerCase()
    .replace(/^\[(.+)\]$/, '$1')
    .replace(/(?<=.)\.$/, '')

/** An entry of NO_PROXY: a host with or without a port. An IPv6 address with a port is in brackets; a bare one does not match. */
const ENTRY = /^(\[.+\]|[^:]*)(?::(\d+))?$/

/**
 * Whether an entry of NO_PROXY covers a host: the host itself and those below it, with `*.` in front only those below it,
 * `*` all. With a port it covers that port alone.
 */
function covers(entry: string, target: { readonly host: string; readonly port: string }): boolean {
  const [, host = '', port] = ENTRY.exec(entry) ?? ['', entry]
  if (port !== undefined && Number(port) !== Number(target.port)) return false
  if (host === '*') return true
  const name = nameOf(host.replace(/^\*?\./, ''))
  return target.host.endsWith(`.${name}`) || (target.host === name && !host.startsWith('*'))
}
