/** What `deltatape` itself exports: a server and a `fetch` that answer in this process. */
import { type Options, configOf } from '../serve/config.ts'
import { startWith } from '../serve/start.ts'

export { DeltatapeError, type ErrorCode } from '../base/errors.ts'
export { type Config, type Options, readConfig } from '../serve/config.ts'
export { createFetch } from './fetch.ts'

export interface StartOptions extends Options {
  /** Takes the lines of the log, each a JSON object. Nothing is written anywhere without it. */
  readonly log?: ((line: string) => void) | undefined
}

/** A server in this process. */
export interface Server {
  /** Where it listens: `http://127.0.0.1:3300`. */
  readonly url: string
  /**
   * Stops. Turns that run get `graceMs` to end, `shutdownGraceMs` if it is not given. Resolves when all is closed and
   * saved.
   */
  close(graceMs?: number): Promise<void>
}

/**
 * Starts a server in this process: `await start({ mode: 'replay', port: 0 })`.
 *
 * @param options what differs from the defaults. No variable counts: `start(readConfig(process.env))` goes by them
 * @throws DeltatapeError `config_invalid`, `fixtures_unusable`, `usage_unusable` or `listen_failed`
 */
export async function start({ log = () => {}, ...options }: StartOptions = {}): Promise<Server> {
  const { server } = await startWith(configOf(options), { write: (line) => log(line.trimEnd()) })
  return { url: server.url, close: server.close }
}
