/** What Redis says in place of what it was asked for, in words that say what to do. */
import { DeltatapeError, isError } from '../../base/errors.ts'
import { StoreError } from '../driver.ts'
import { ABOUT_TLS, PRUNE, reasonOf } from './reason.ts'

/** By the first word of what it says: it will be there in a moment. */
const AWAY = /^(LOADING|BUSY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOREPLICAS|ERR max number of clients)\b/

/** Somebody has to change something: what it means, and what to do. `%` stands for the prefix of the keys. */
const REFUSED: readonly (readonly [said: RegExp, means: string, advice: string])[] = [
  [
    /^(WRONGPASS|NOAUTH|ERR AUTH|ERR invalid password|ERR Client sent AUTH)/,
    'does not let this user in',
    'FIXTURES names both: redis://user:password@host. Special characters are written as % and two digits: @ as %40.',
  ],
  [
    /^NOPERM/,
    'does not allow this user to do that',
    'To read takes ACL SETUSER name +@read +@transaction %R~{%}:*, to write also +@write +evalsha +eval ~{%}:*',
  ],
  [/^OOM/, 'is full', `Give it more memory (CONFIG SET maxmemory), or take away what is not needed: ${PRUNE}.`],
  [/^READONLY/, 'is a replica, which takes no writes', 'Name the primary in FIXTURES.'],
  [/^MISCONF/, 'cannot write to its own disk', 'Its log says why; a full disk is the usual cause.'],
  [/^ERR .*(DB index|SELECT)/, 'has no such database', 'The path of FIXTURES is its number: redis://host:6379/0.'],
  [
    /^(MOVED|ASK|CROSSSLOT)\b/,
    'is a node of a cluster, and the nodes do not agree where the fixtures belong',
    'Try again once the cluster is whole (CLUSTER INFO).',
  ],
]

const NOEVICTION =
  'With the maxmemory-policy that it has, Redis lets go of whatever was not used for a while. Set it to noeviction (CONFIG SET maxmemory-policy noeviction, and in redis.conf)'

export interface Errors {
  /** What became of an operation that failed. */
  told(error: unknown): unknown
  forgot(name: string): StoreError
  /** The index, or what counts it, was let go of: nobody knows which objects there were. */
  forgotIndex(): StoreError
  changed(name: string): StoreError
  damaged(name: string): StoreError
  tooLarge(name: string, bytes: number): StoreError
  /** @throws StoreError `store_refused` if what is written may be let go of at any time */
  checkPolicy(memory: string): void
}

/** The first error within: a transaction tells of its commands. */
const innerOf = (error: unknown): unknown =>
  isError(error) && 'replies' in error && Array.isArray(error.replies) ? error.replies.find(isError) : error

export function errorsOf(place: string, prefix: string): Errors {
  const error = (code: ConstructorParameters<typeof StoreError>[0], message: string) =>
    new StoreError(code, `${place} ${message}`)
  return {
    told(cause) {
      if (cause instanceof DeltatapeError) return cause
      const { said, byTls } = reasonOf(innerOf(cause))
      const reply = /^[A-Z]{2,}\b/.test(said)
      const [, means, advice] = REFUSED.find(([pattern]) => pattern.test(said)) ?? []
      if (AWAY.test(said)) return error('store_away', `is not ready: ${said}. Try again in a moment.`)
      if (means && advice)
        return error('store_refused', `${means}: ${said}. ${advice.replaceAll('{%}', `{${prefix}}`)}`)
      if (reply) return error('store_refused', `refuses: ${said}. Change what it allows, or correct FIXTURES.`)
      if (byTls) return error('store_refused', `cannot be trusted: ${said}. ${ABOUT_TLS}`)
      return error('store_away', `cannot be reached: ${said}. Start Redis there, or correct FIXTURES.`)
    },
    forgot: (name) =>
      error('store_forgot', `had ${name}, and let go of it. ${NOEVICTION}, then push or record it again.`),
    forgotIndex: () =>
      error(
        'store_forgot',
        `let go of its index, so nobody knows what it had. ${NOEVICTION}, and push or record everything again under another ?prefix=….`,
      ),
    changed: (name) => error('store_changed', `has another ${name} than a moment ago. Ask again.`),
    damaged: (name) =>
      error(
        'store_refused',
        `holds something else than a whole object of deltatape under {${prefix}}:object:${name}. Take it away, or use another ?prefix=….`,
      ),
    tooLarge: (name, bytes) =>
      error(
        'store_refused',
        `cannot hold ${name}: it has ${bytes} bytes, and a value of Redis at most 512 MiB. A directory, S3 can.`,
      ),
    checkPolicy(memory) {
      const policy = /^maxmemory_policy:(allkeys-\S+)/m.exec(memory)?.[1]
      const limited = /^maxmemory:[1-9]/m.test(memory)
      if (policy && limited)
        throw error(
          'store_refused',
          `has the maxmemory-policy ${policy}: fixtures would be lost. ${NOEVICTION}, or use another Redis.`,
        )
    },
  }
}
