/** What a library of an engine says where a connection fails, in one line. */
import { deltatape, marked } from '../../base/command-line.ts'
import { isError, systemCode } from '../../base/errors.ts'

export interface Reason {
  /** One line, without a point at its end. */
  readonly said: string
  /** Whether it is TLS that fails, which goes on until somebody changes something. */
  readonly byTls: boolean
}

/** What takes away fixtures that a run did not use, where an engine is full. */
export const PRUNE = marked(deltatape('prune', 'used.jsonl'))

/** What to do where TLS fails. */
export const ABOUT_TLS =
  'NODE_EXTRA_CA_CERTS=file.pem names the certificate of who signed its own; the host has to be the one that the certificate is for.'

const TLS = /CERT|SELF_SIGNED|_SSL_|_TLS_|^EPROTO$|UNABLE_TO_/

export function reasonOf(error: unknown): Reason {
  const code = systemCode(error) ?? ''
  const message = isError(error) ? error.message : String(error)
  // An engine that does not know a command repeats what it was given, be it a password.
  const [line = ''] = message.replace(/,? with args beginning with:.*/s, '').split('\n')
  const said = (line === '' ? code : line).replace(/(?<![.\s])[.\s]+$/, '')
  return { said, byTls: TLS.test(code) }
}
