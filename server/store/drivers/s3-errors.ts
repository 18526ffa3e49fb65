/** What is told of a bucket that did not do what it was asked: what failed, on which place, why, and what to do. */
import { z } from 'zod'
import { isError, systemCode } from '../../base/errors.ts'
import { StoreError, type StoreErrorCode } from '../driver.ts'

/** What the SDK throws; each member may be absent. */
const failure = z.object({
  name: z.string().catch('Error'),
  message: z.string().catch(''),
  $metadata: z.object({ httpStatusCode: z.number().optional(), attempts: z.number().optional() }).catch({}),
})

/** What is known of an answer that is none. */
export interface Failure {
  /** What S3 calls it (`NoSuchKey`), else what the system calls it (`ECONNREFUSED`). */
  readonly name: string
  readonly said: string
  /** The status of HTTP, if there was an answer. */
  readonly status: number | undefined
  /** How often it was sent. */
  readonly tries: number
}

export function failureIn(error: unknown): Failure {
  const { name, message, $metadata } = failure.parse(isError(error) ? error : {})
  const status = $metadata.httpStatusCode
  return {
    name: status === undefined ? (systemCode(error) ?? name) : name,
    said: message,
    status,
    tries: $metadata.attempts ?? 1,
  }
}

/** What was being done, and the right that it takes. */
const DOING = {
  get: { words: (name: string) => `${name} could not be read`, right: 's3:GetObject and s3:ListBucket' },
  put: { words: (name: string) => `${name} could not be written`, right: 's3:PutObject' },
  list: { words: () => 'the fixtures could not be listed', right: 's3:ListBucket' },
  remove: { words: (name: string) => `${name} could not be removed`, right: 's3:DeleteObject and s3:GetObject' },
  check: { words: () => 'it cannot be used', right: 's3:ListBucket' },
} as const

export type Doing = keyof typeof DOING

interface Advice {
  readonly code: StoreErrorCode
  readonly why: string
  readonly todo: string
  /** Whether its own words say more. */
  readonly quoted?: true
}

const ENDPOINT = 'AWS_ENDPOINT_URL_S3'
const KEYS = 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY'

const refused = (why: string, todo: string): Advice => ({ code: 'store_refused', why, todo })
const away = (why: string, todo: string): Advice => ({ code: 'store_away', why, todo })

const EXPIRED = refused('its credentials have expired', 'Log in anew (aws sso login), or renew AWS_SESSION_TOKEN.')
const UNTRUSTED = refused(
  'its certificate is not trusted',
  `Set NODE_EXTRA_CA_CERTS to the certificate of its authority, or check ${ENDPOINT}.`,
)
const NO_ADDRESS = away('its host has no address', `Check ${ENDPOINT} and AWS_REGION, and the network of this machine.`)
const REGION = refused('the bucket is in another region', 'Set AWS_REGION to the region of the bucket.')
const SIZE = refused('there is no room for it', 'Raise the quota, or remove fixtures that nobody uses.')
const BUSY = away('too much is asked of it', 'Try again later, or with fewer clients at once.')
const NO_S3 = refused('what answers there does not speak S3', `Correct ${ENDPOINT}.`)

/** By what S3, its library or the system calls it. */
const ADVICE: Readonly<Record<string, Advice>> = {
  NoSuchBucket: refused('there is no such bucket', `Make the bucket, or correct FIXTURES or ${ENDPOINT}.`),
  InvalidBucketName: refused('no bucket can have this name', 'Correct FIXTURES.'),
  CredentialsProviderError: {
    ...refused(
      'there are no credentials',
      `Set ${KEYS}, or AWS_PROFILE, or run it with a role that may use the bucket.`,
    ),
    quoted: true,
  },
  InvalidAccessKeyId: refused('it does not know the access key', `Check ${KEYS}, and ${ENDPOINT}.`),
  SignatureDoesNotMatch: refused('the secret does not belong to the access key', `Check ${KEYS}.`),
  RequestTimeTooSkewed: refused('the clock of this machine is wrong', 'Set the clock, and start this again.'),
  ExpiredToken: EXPIRED,
  TokenRefreshRequired: EXPIRED,
  TokenProviderError: EXPIRED,
  InvalidToken: refused('the session token is not valid', 'Renew AWS_SESSION_TOKEN, or unset it.'),
  PermanentRedirect: REGION,
  AuthorizationHeaderMalformed: REGION,
  QuotaExceeded: SIZE,
  InsufficientStorage: SIZE,
  EntityTooLarge: refused('it is too large for one write', 'Record a shorter answer, or raise the limit.'),
  KeyTooLongError: refused('its name is too long', 'Shorten the prefix in FIXTURES.'),
  InvalidObjectState: refused('it lies in an archive', 'Restore it, and keep lifecycle rules away from the fixtures.'),
  RequestTimeout: away('it did not get all of it in time', 'Try again, and look at the network.'),
  SlowDown: BUSY,
  TooManyRequests: BUSY,
  ECONNREFUSED: away('nobody listens there', `Check ${ENDPOINT}, and that the service runs.`),
  ENOTFOUND: NO_ADDRESS,
  EAI_AGAIN: NO_ADDRESS,
  EPROTO: refused('what answers there does not speak TLS', `Check whether ${ENDPOINT} has to begin with http://.`),
  TimeoutError: { ...away('it takes too long', `Check ${ENDPOINT}, and that the service runs.`), quoted: true },
  CutError: away('its bytes broke off', 'Try again, and look at what lies between: a proxy, or the network.'),
  NotS3Error: NO_S3,
  ERR_INVALID_URL: refused(`${ENDPOINT} is no address`, 'Correct it: https://host[:port].'),
}

/** What Node calls a certificate that cannot be relied on. */
const CERTIFICATE = /^(?:CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|ERR_TLS_CERT)/
/** What Node calls trouble with a connection. */
const NETWORK = /^(?:E[A-Z]+$|HPE_)/
/** What the library says of what says nothing itself. */
const WORDLESS = 'UnknownError'
/** How the library begins what it says of a page that stands where XML is expected. */
const NO_XML = '@aws-sdk XML parse error'

function adviceOn({ name, said, status }: Failure, doing: Doing): Advice {
  const known = Object.hasOwn(ADVICE, name) ? ADVICE[name] : undefined
  if (known) return known
  if (CERTIFICATE.test(name)) return UNTRUSTED
  if (NETWORK.test(name)) return away('the connection broke', `Check ${ENDPOINT}, and that the service runs.`)
  if (status === undefined) return { ...refused('it cannot be asked', 'Check the settings of AWS.'), quoted: true }
  if (status === 429 || status >= 500)
    return away('it has an error of its own', 'Try again later, and look at its status.')
  if (said.startsWith(NO_XML)) return NO_S3
  if (status === 409) return { code: 'store_changed', why: 'somebody else writes it, too', todo: 'Try again.' }
  if (status !== 403) return { ...refused('it refuses the request', `Check FIXTURES and ${ENDPOINT}.`), quoted: true }
  // Without the right to list, S3 says this of what is not there, too: it must not be taken for a miss.
  const hidden = doing === 'get' ? ', or it is not there and s3:ListBucket is not allowed' : ''
  return { ...refused(`access is denied${hidden}`, `Allow ${DOING[doing].right}.`), quoted: true }
}

/** What S3 says, as part of a sentence. An access key that is named in it is left out. */
const shortly = (said: string): string =>
  said
    .replace(/\n.*/s, '')
    .replace(/\b[A-Z\d]{16,}\b/g, '…')
    .replace(/\.$/, '')
    .slice(0, 300)

/**
 * Says what became of an operation. The library's own error is not its cause: it holds the access key and what was signed.
 *
 * @param place the bucket and its prefix
 * @param name of the object
 */
export function s3ErrorOf(error: unknown, place: string, doing: Doing, name = ''): StoreError {
  if (error instanceof StoreError) return error
  const what = failureIn(error)
  const { code, why, todo, quoted } = adviceOn(what, doing)
  const told = [
    what.name,
    ...(what.status === undefined ? [] : [`HTTP ${what.status}`]),
    ...(what.tries > 1 ? [`${what.tries} tries`] : []),
    ...(quoted && ![WORDLESS, ''].includes(what.said) ? [shortly(what.said)] : []),
  ]
  return new StoreError(code, `${place}: ${DOING[doing].words(name)}: ${why} (${told.join(', ')}). ${todo}`)
}
