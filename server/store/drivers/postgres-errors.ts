/** What PostgreSQL says in place of what it was asked for, in words that say what to do. */
import { DeltatapeError, systemCode } from '../../base/errors.ts'
import { StoreError } from '../driver.ts'
import { ABOUT_TLS, PRUNE, reasonOf } from './reason.ts'

/** It will be there in a moment: it starts, stops, has too much to do, or somebody else was in the way. */
const AWAY = /^(?:08(?!P01)|57P0|57014|533|532|40|55P03)/

/** Somebody has to change something: what it means, and what to do. `%` stands for the table. */
const REFUSED: readonly (readonly [code: RegExp, means: string, advice: string])[] = [
  [
    /^(28|SASL)/,
    'does not let this user in',
    'FIXTURES names both: postgres://user:password@host/database. Special characters are written as % and two digits: @ as %40. If it wants encryption, end it with ?sslmode=require.',
  ],
  [/^3D000/, 'has no such database', 'Make it (createdb), or name another one in the path of FIXTURES.'],
  [/^3F000/, 'has no such schema', 'Make it (CREATE SCHEMA), or name another ?table=….'],
  [
    /^42501/,
    'does not allow this user to do that',
    'To read takes GRANT SELECT ON {%} TO the user, to write GRANT SELECT, INSERT, UPDATE, DELETE; and to make the table in the first place GRANT CREATE ON its SCHEMA.',
  ],
  [/^25006/, 'takes no writes', 'Name the primary in FIXTURES.'],
  [/^53100/, 'has no space left on its disk', `Give it more, or take away what is not needed: ${PRUNE}.`],
  [/^(42703|42804|42809|42883)/, 'holds something else in the table {%}', 'Name another ?table=….'],
  [
    /^08P01/,
    'does not understand what it was sent',
    'PgBouncer is told to let it pass: ignore_startup_parameters = statement_timeout.',
  ],
]

export interface Errors {
  /** What became of an operation that failed. */
  told(error: unknown): unknown
  /** Rights, or a replica, are not enough for what is to be done. */
  refused(code: string, said: string): StoreError
  changed(name: string): StoreError
  tooLarge(name: string, bytes: number): StoreError
}

export function errorsOf(place: string, table: string): Errors {
  const error = (code: ConstructorParameters<typeof StoreError>[0], message: string) =>
    new StoreError(code, `${place} ${message}`)
  const refused = (code: string, said: string) => {
    const [, means = 'refuses', advice = ''] = REFUSED.find(([pattern]) => pattern.test(code)) ?? []
    return error('store_refused', `${means}: ${said}. ${advice}`.trimEnd().replaceAll('{%}', table))
  }
  return {
    refused,
    told(cause) {
      if (cause instanceof DeltatapeError) return cause
      const code = systemCode(cause) ?? ''
      const { said, byTls } = reasonOf(cause)
      // The five characters of an SQLSTATE: codes of systems are longer, and not of digits. And one of the library, which says the same.
      const state = /^\d[\dA-Z]{4}$|^[FHPX][\dA-Z]\d{3}$|^SASL/.test(code)
      if (state && AWAY.test(code))
        return error('store_away', `is not ready: ${said} (${code}). Try again in a moment.`)
      if (state) return refused(code, `${said} (${code})`)
      if (byTls) return error('store_refused', `cannot be trusted: ${said}. ${ABOUT_TLS}`)
      return error('store_away', `cannot be reached: ${said}. Start PostgreSQL there, or correct FIXTURES.`)
    },
    changed: (name) => error('store_changed', `has another ${name} than a moment ago. Ask again.`),
    tooLarge: (name, bytes) =>
      error(
        'store_refused',
        `cannot take ${name}: it has ${bytes} bytes, and at most 256 MiB are sent to PostgreSQL. A directory and S3 can hold it.`,
      ),
  }
}
