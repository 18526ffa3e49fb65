/** An answer over HTTP as a value: `node.ts` writes it to a connection, `package/fetch.ts` makes a Response of it. */
import type { Headers } from '../../api/headers.ts'

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly body: Body
}

/** All bytes at once, or as they are ready; or a connection that breaks before anything is sent. */
export type Body = Uint8Array<ArrayBuffer> | Chunks | 'broken'

/** To be read to the end, whether anybody wants it or not. Throws {@link BrokenError} if the connection is to be broken. */
export type Chunks = AsyncGenerator<Uint8Array<ArrayBuffer>, void>

/** Says that the client's connection is to be broken. */
export class BrokenError extends Error {
  override readonly name = 'BrokenError'
}

/** Reads what nobody wants any more: a model that records says in its last step what it did. */
export async function readToTheEnd(chunks: Chunks): Promise<void> {
  try {
    while (!(await chunks.next()).done);
  } catch {
    // Nobody is there any more who could be told that it broke.
  }
}
