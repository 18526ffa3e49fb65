/** A call over HTTP, played as any client of an API would. */
import { token } from '../app/token.ts'
import { type Manner, addressUnder } from './asking.ts'
import type { Listening } from './chat.ts'
import type { Expected, Replayed } from './expected.ts'
import { Heard } from './heard.ts'

export interface HttpCall {
  readonly name: string
  readonly call: Extract<Replayed, { readonly how: 'http' }>
  readonly expected: Expected
  readonly manner: Manner
}

/**
 * Plays one call.
 *
 * @param arrived is called at each piece of the body, and at the end
 */
export function playCall(
  { name, call, expected, manner }: HttpCall,
  signal: AbortSignal,
  arrived: () => void,
): Listening {
  const heard = new Heard(expected, performance.now())
  const now = (): number => performance.now() - heard.sent
  const listen = async (): Promise<void> => {
    const response = await fetch(addressUnder(name, call.target, manner), {
      method: call.method,
      headers: [
        ...call.headers.map(([header, value]): [string, string] => [header, value]),
        ...Object.entries(token.headers()),
      ],
      ...(call.body === undefined ? {} : { body: call.body }),
      signal,
      // Nothing is to be asked for but what was recorded, and nowhere else.
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'manual',
    })
    heard.status = response.status
    arrived()
    const reader = response.body?.getReader()
    for (let read = await reader?.read(); read?.value; read = await reader?.read()) {
      heard.chunk(now(), read.value)
      arrived()
    }
    heard.end = { how: 'whole', at: now() }
  }
  const over = listen()
    .catch(() => {
      heard.end = { how: signal.aborted ? 'stopped' : 'broken', at: now() }
    })
    .finally(arrived)
  return { heard, over }
}
