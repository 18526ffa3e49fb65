/** `/page/live`: a page of this server watches the turns. It is told of them, and whatever it sends is passed over. */
import type { Socket } from 'node:net'
import type { Clock } from '../../base/clock.ts'
import { DeltatapeError, edgesOf, shuttingDown } from '../../base/errors.ts'
import type { Account } from '../../base/ledger.ts'
import { type List, fresh } from '../../base/memo.ts'
import type { Audience } from '../audience.ts'
import { isOfOwnPage } from '../guard.ts'
import type { Log } from '../log.ts'
import type { Client } from './client.ts'
import { type Reader, openConnection } from './connection.ts'
import type { Heartbeat } from './heartbeat.ts'
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

export interface WatchedServer {
  readonly audience: Audience
  readonly clock: Clock
  readonly log: Log
  readonly heartbeat: Heartbeat
  /** The bytes of messages. */
  readonly framed: (texts: List<string>) => Buffer
}

/** Tells a watcher of all turns until it leaves, or the server stops: no turn waits for it. */
export function openWatcher(
  reader: Reader,
  { socket, account, closed }: WatchingOptions,
  { audience, clock, log, heartbeat, framed }: WatchedServer,
): Client {
  let unwatch: (() => void) | undefined
  const connection = openConnection(reader, {
    socket,
    clock,
    heartbeat,
    account,
    framed,
    receive() {},
    lastWords: () => undefined,
    complain: ({ code, message }) => JSON.stringify({ type: 'error', code, message }),
    left: () => unwatch?.(),
    broken: (error) => log.warn(`a client broke the protocol: ${error.message}`, { endpoint: LIVE_PATH }),
    closed,
  })
  const hangUp: Client['hangUp'] = (code, reason) => connection.hangUp(edgesOf(code).close ?? 1011, reason)
  unwatch = audience.watch({
    send: (message) => void connection.send(fresh([message])),
    waitingBytes: () => socket.writableLength,
  })
  if (!unwatch) void hangUp('busy', 'as many watch as may')
  const stop = () => hangUp('shutting_down', shuttingDown().message)
  return { drain: stop, hangUp, stop: () => void stop(), spoken: 'page', queued: () => 0 }
}
