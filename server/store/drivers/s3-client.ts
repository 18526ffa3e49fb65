/** AWS's own library, as it is used for a bucket: requests with a deadline, sent anew where that may help. */
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3'
import { type Clock, MAX_TIMER_MS } from '../../base/clock.ts'
import { loadLibrary } from './library.ts'

/** How often a request is sent. */
const TRIES = 4
/** What the times between grow from, in ms, each a part of it by chance: where too much is asked for they are longer. */
const PAUSE_MS = { others: 100, THROTTLING: 1000 }
/** How long a connection may take, in ms. */
const CONNECT_MS = 3000
const SOCKETS = 64
/** The bytes a ms that have to pass at least, on top of the time that any operation has. */
const SLOWEST = 100

type Library = typeof import('@aws-sdk/client-s3')

/** What a request is sent with. */
export interface Sending {
  readonly s3: Library
  readonly client: S3Client
  readonly options: { readonly abortSignal: AbortSignal; readonly requestTimeout: number }
  /** Begins the time anew, with what so many bytes take. */
  expect(bytes: number): void
}

/** Sends what a function sends, all of it within the time for so many bytes. Throws what the library throws. */
export type Send = <T>(act: (sending: Sending) => Promise<T>, bytes?: number) => Promise<T>

type Connection = Pick<Sending, 's3' | 'client'>

/**
 * Gives a client that is made when it is first needed.
 *
 * @param place for people
 */
export function createClient(place: string, clock: Clock, timeoutMs: number): { send: Send; close(): Promise<void> } {
  let connected: Promise<Connection> | undefined
  const underWay = new Set<(error: Error) => void>()
  const connect = () =>
    (connected ??= connectTo(place).catch((error: unknown) => {
      connected = undefined
      throw error
    }))
  return {
    async send(act, bytes = 0) {
      const connection = await connect()
      const msFor = (size: number) => timeoutMs + size / SLOWEST
      return within({ clock, underWay }, msFor(bytes), (abortSignal, wait) => {
        // A connection that hangs is left for another one while there is time.
        const options = { abortSignal, requestTimeout: msFor(bytes) / 2 }
        return act({ ...connection, options, expect: (size) => wait(msFor(size)) })
      })
    },
    async close() {
      const connection = await connected?.catch(() => undefined)
      for (const end of underWay) end(timeout('it was closed'))
      connected = undefined
      connection?.client.destroy()
    },
  }
}

async function connectTo(place: string): Promise<Connection> {
  const s3 = await loadLibrary('@aws-sdk/client-s3', place, () => import('@aws-sdk/client-s3'))
  const agent = { maxSockets: SOCKETS }
  const config: S3ClientConfig = {
    retryStrategy: inTries,
    // A bucket of AWS tells its region to who asks in another one.
    followRegionRedirects: true,
    // Others than AWS have no address for each bucket.
    forcePathStyle: Boolean(process.env.AWS_ENDPOINT_URL_S3 || process.env.AWS_ENDPOINT_URL),
    // By default each PUT carries a checksum that others than AWS refuse.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      throwOnRequestTimeout: true,
      // It would tell the console that all connections are in use, which they may be.
      socketAcquisitionWarningTimeout: MAX_TIMER_MS,
      httpAgent: agent,
      httpsAgent: agent,
    },
  }
  const client = new s3.S3Client(config)
  // Whoever has a bucket that is not of AWS often has no region, and what is signed needs one.
  const hasRegion = await client.config.region().then(
    (region) => region !== '',
    () => false,
  )
  return { s3, client: hasRegion ? client : new s3.S3Client({ ...config, region: 'us-east-1' }) }
}

type Strategy = Extract<NonNullable<S3ClientConfig['retryStrategy']>, { acquireInitialRetryToken: unknown }>
type Token = Awaited<ReturnType<Strategy['acquireInitialRetryToken']>>

const tokenOf = (tried: number, pauseMs: number): Token => ({
  getRetryCount: () => tried,
  getRetryDelay: () => Math.random() * pauseMs * 2 ** tried,
})

/**
 * Tries again, whatever happened to other requests. The library's own way has a budget for all of them, and hardly tries
 * anything again for long after an outage has emptied it.
 */
const inTries: Strategy = {
  acquireInitialRetryToken: () => Promise.resolve(tokenOf(0, 0)),
  refreshRetryTokenForRetry(token, { errorType }) {
    const tried = token.getRetryCount() + 1
    if (tried === TRIES || errorType === 'CLIENT_ERROR') return Promise.reject(new Error('It is not tried again.'))
    return Promise.resolve(tokenOf(tried, errorType === 'THROTTLING' ? PAUSE_MS.THROTTLING : PAUSE_MS.others))
  },
  recordSuccess() {},
}

interface Running {
  readonly clock: Clock
  /** What ends each that runs. */
  readonly underWay: Set<(error: Error) => void>
}

const timeout = (why: string): Error => Object.assign(new Error(why), { name: 'TimeoutError' })

/** Ends what takes too long, also where the library itself does not: looking for credentials, or between two tries. */
async function within<T>(
  { clock, underWay }: Running,
  ms: number,
  act: (signal: AbortSignal, wait: (ms: number) => void) => Promise<T>,
): Promise<T> {
  const over = new AbortController()
  const late = Promise.withResolvers<never>()
  const end = (error: Error): void => {
    late.reject(error)
    over.abort(error)
  }
  const start = (limit: number) => clock.timer(limit, () => end(timeout(`no answer in ${Math.round(limit)} ms`)))
  let timer = start(ms)
  const wait = (limit: number) => {
    timer.clear()
    timer = start(limit)
  }
  underWay.add(end)
  try {
    return await Promise.race([act(over.signal, wait), late.promise])
  } finally {
    timer.clear()
    underWay.delete(end)
  }
}
