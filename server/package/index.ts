/** What `deltatape` itself exports: a server and a `fetch` that answer in this process. */
export { DeltatapeError, type ErrorCode } from '../base/errors.ts'
export { type Config, readConfig } from '../serve/config.ts'
export { createFetch } from './fetch.ts'
