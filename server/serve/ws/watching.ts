/** `/page/live`: a page of this server watches the turns. It is told of them, and whatever it sends is passed over. */
import type { Socket } from 'node:net'
import { DeltatapeError, edgesOf, shuttingDown } from '../../base/errors.ts'
import type { Account } from '../../base/ledger.ts'
import { fresh } from '../../base/memo.ts'
import type { Audience } from '../audience.ts'
import { isOfOwnPage } from '../guard.ts'
import type { Log } from '../log.ts'
import type { Client } from './client.ts'
import { type Common, type Peer, openConnection } from './connection.ts'
import type { Reader } from './handshake.ts'
import type { Visit } from './upgrade.ts'

export const LIVE_PATH = '/page/live'

/** The largest message that is read to be passed over, in bytes. */
export const MAX_IGNORED_BYTES = 1024

/**
 * Lets in the page of this very server, and programs that are no pages. Behind a name or a host there is no page.
 *
 * @throws DeltatapeError `forbidden`
 */
export function admitWatcher(visit: Visit): void {
  if (isOfOwnPage(visit)) return
  throw new DeltatapeError('forbidden', 'What happens here is told to the page of this server alone.')
}

export interface WatchingOptions {
  readonly socket: Socket
  readonly account: Account
  /** Called when the watcher is gone. */
  readonly closed: () => void
}

export interface WatchedServer extends Common {
  readonly audience: Audience
  readonly log: Log
}

/** Tells a watcher of all turns until it leaves, or the server stops: no turn waits for it. */
export function openWatcher(
  reader: Reader,
  { socket, account, closed }: WatchingOptions,
  server: WatchedServer,
): Client {
  let unwatch: (() => void) | undefined
  const peer: Peer = {
    receive() {},
    lastWords: () => undefined,
    complain: ({ code, message }) => JSON.stringify({ type: 'error', code, message }),
    left: () => unwatch?.(),
    broken: (error) => server.log.warn(`a client broke the protocol: ${error.message}`, { endpoint: LIVE_PATH }),
    closed,
  }
  const connection = openConnection(reader, { socket, account, peer }, server)
  const hangUp: Client['hangUp'] = (code, reason) => connection.hangUp(edgesOf(code).close ?? 1011, reason)
  unwatch = server.audience.watch({
    send: (message) => void connection.send(fresh([message])),
    waitingBytes: () => socket.writableLength,
  })
  if (!unwatch) void hangUp('busy', 'As many watch the live list as may. Close one of its pages.')
  const stop = () => hangUp('shutting_down', shuttingDown().message)
  return { drain: stop, hangUp, stop: () => void stop(), spoken: 'page', queued: () => 0 }
}
