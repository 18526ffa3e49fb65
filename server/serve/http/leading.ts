/** Addresses in the headers of an answer: they lead the client through this server again. Elsewhere nothing is recorded, and nothing replayed. */
import { behindHost } from '../../model/transport/redirect.ts'
import type { Reply } from './reply.ts'

/** Headers that say where a client goes on: redirects, operations that are waited for, sessions of uploads. */
const LEADING: ReadonlySet<string> = new Set(['location', 'operation-location', 'x-goog-upload-url'])

/** Where the client is. */
export interface Place {
  /** The host that it named in front of the path. */
  readonly named: string | undefined
  readonly path: string
  /** The address of this server as the client calls it, with the client's name behind it; undefined if that is not known. */
  readonly here: () => string | undefined
  /** Whether an address may be called through this server, by its host in front of the path. */
  readonly mayCall: (address: URL) => boolean
}

/** The reply with addresses at which the client is led here again, as the API means them. */
export function ledHere(reply: Reply, place: Place): Reply {
  if (!reply.headers.some(([name]) => LEADING.has(name.toLowerCase()))) return reply
  const here = place.here()
  if (here === undefined) return reply
  const headers = reply.headers.map(
    ([name, value]) => [name, LEADING.has(name.toLowerCase()) ? addressFor(value, here, place) : value] as const,
  )
  return { ...reply, headers }
}

function addressFor(value: string, here: string, { named, path, mayCall }: Place): string {
  if (!/^https?:\/\//i.test(value)) return named === undefined ? value : behindHost(value, { named, path })
  const address = URL.canParse(value) ? new URL(value) : undefined
  if (address === undefined || !mayCall(address)) return value
  const { host, pathname, search, hash } = address
  return `${here}/${host}${pathname}${search}${hash}`
}
