/** What the tests ask of an official SDK. */
import type { Wire } from '../wires/wire.ts'

/** Where an SDK is pointed, and how. */
export interface At {
  /** Without a slash at its end. */
  readonly base: string
  readonly headers?: Readonly<Record<string, string>>
  /** Whether it tries again as it does by default; otherwise never. */
  readonly retries?: true
  /** Whether it speaks HTTP/2, as the AWS SDK does by default; otherwise HTTP/1.1, which alone the stand-ins speak. */
  readonly http2?: true
  /** What carries its calls, if not the network. */
  readonly fetch?: typeof fetch
}

export interface Turn {
  readonly question: string
  /** Whether the tool was called already, and what it found is sent along. */
  readonly found?: boolean
}

/** What comes out of a stream. */
export interface Told {
  readonly text: string
  readonly calls: readonly { readonly name: string; readonly args: unknown }[]
  readonly usage: { readonly input: number | undefined; readonly output: number | undefined }
}

export interface Client {
  /** The page of the docs that it is on, and what streams there. */
  readonly name: string
  readonly wire: Wire
  /** What the base URL has behind the host. */
  readonly below: string
  /** Whether its calls find their API by their path alone. */
  readonly byPath: boolean
  /** Asks, and gives each chunk as the SDK does. */
  stream(at: At, turn: Turn): AsyncIterable<unknown>
  /** Asks, and reads the whole stream. */
  tell(at: At, turn: Turn): Promise<Told & { readonly chunks: readonly unknown[] }>
  /** Asks for an answer in one piece. */
  whole(at: At, turn: Turn): Promise<unknown>
  /** Whether this is the SDK's own class of errors. */
  isOwn(error: unknown): boolean
}

/** The chunks of an SDK are of its own type: only what reads them needs to know it. */
export function client<Chunk>(
  parts: Omit<Client, 'tell' | 'stream'> & {
    stream(at: At, turn: Turn): AsyncIterable<Chunk>
    read(chunks: readonly Chunk[]): Told
  },
): Client {
  return {
    ...parts,
    async tell(at, turn) {
      const chunks: Chunk[] = []
      for await (const chunk of parts.stream(at, turn)) chunks.push(chunk)
      return { ...parts.read(chunks), chunks }
    },
  }
}

/** The calls of tools whose arguments come in parts. */
export function callsIn(
  parts: readonly { readonly name?: string | undefined; readonly json?: string | undefined }[],
): Told['calls'] {
  const name = parts.map((part) => part.name ?? '').join('')
  const json = parts.map((part) => part.json ?? '').join('')
  return name === '' ? [] : [{ name, args: JSON.parse(json) }]
}

/** What each tool takes, as JSON schema. */
export const PARAMETERS = { type: 'object', properties: { city: { type: 'string' } } }

/** What the clients bring: a server without a key of its own can pass it on. */
export const KEY = 'key-of-the-client'
