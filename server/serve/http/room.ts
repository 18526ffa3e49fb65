/** Room for answers that are made as a whole: each waits in memory until its client has read it. */
import type { Account } from '../../base/ledger.ts'

/** What requests come with beside calls to APIs. */
export interface Env {
  readonly Bindings: {
    /** What is kept for the request is charged here. It is closed when the request is over. */
    readonly account: Account
  }
}

/**
 * Charges a text to the request that it answers.
 *
 * @returns the text
 * @throws DeltatapeError `busy` or `too_large` if there is no room for it
 */
export function withRoom({ account }: Env['Bindings'], text: string): string {
  const bytes = Buffer.byteLength(text)
  if (!account.take(bytes)) throw account.refusal(bytes)
  return text
}
