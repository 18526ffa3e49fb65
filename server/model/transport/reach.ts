/** Which addresses a connection may lead to: those of this machine and of private networks only under a name that the user gave. */
import { lookup as systemLookup } from 'node:dns'
import { BlockList, type LookupFunction, isIPv6 } from 'node:net'
import { DeltatapeError } from '../../base/errors.ts'
import { quoted } from '../../base/name.ts'

/**
 * What is reached by nobody else than this machine and its neighbours (RFC 6890). IPv4 within IPv6 counts as IPv4; what
 * carries it through a gateway (RFC 3056) or a translator of one's own (RFC 8215) leads inside, whatever it carries.
 */
const PRIVATE = new BlockList()
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  PRIVATE.addSubnet(net, prefix, 'ipv4')
}
for (const [net, prefix] of [
  ['::', 96],
  ['64:ff9b:1::', 48],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 9],
  ['ff00::', 8],
] as const) {
  PRIVATE.addSubnet(net, prefix, 'ipv6')
}

/** IPv4 addresses that IPv6 carries for a translator (RFC 6052). */
const TRANSLATED = /^64:ff9b::(?:([\da-f]{1,4}):)?([\da-f]{1,4})$/i

/** Whether an address is this machine's, a neighbour's, or nobody's. A zone behind it does not count. */
export function isPrivate(address: string): boolean {
  const [bare = ''] = address.split('%')
  const [, high = '0', low] = TRANSLATED.exec(bare) ?? []
  if (low === undefined) return PRIVATE.check(bare, isIPv6(bare) ? 'ipv6' : 'ipv4')
  const bytes = [high, low].flatMap((half) => [parseInt(half, 16) >> 8, parseInt(half, 16) & 0xff])
  return PRIVATE.check(bytes.join('.'), 'ipv4')
}

/**
 * Makes what a connection asks for the addresses of a name. It is asked for each connection, so that a name which leads
 * elsewhere meanwhile is seen. It fails with a DeltatapeError `forbidden` before anything is connected to.
 *
 * @param named the host names that may lead anywhere, in lower case
 */
export const createLookup =
  (named: ReadonlySet<string>, lookup: LookupFunction = systemLookup): LookupFunction =>
  (hostname, options, callback) =>
    lookup(hostname, options, (error, found, family) => {
      const addresses = typeof found === 'string' ? [found] : (found ?? []).map(({ address }) => address)
      const inside = error || named.has(hostname.toLowerCase()) ? undefined : addresses.find(isPrivate)
      if (inside === undefined) callback(error, found, family)
      else callback(leadsInside(hostname, inside), [])
    })

const leadsInside = (hostname: string, address: string) =>
  new DeltatapeError(
    'forbidden',
    `${quoted(hostname)} leads to ${address}, an address of this machine or of a private network, and nothing was sent. Name the host in UPSTREAMS to allow that.`,
  )
