/** What waits on one connection, in the order it was sent: requests, and messages that were refused. */
import type { DeltatapeError } from '../../base/errors.ts'
import type { RefusedMessage, TurnRequest } from './dialect.ts'

export type Waiting = TurnRequest | RefusedMessage

export interface Queue {
  /** How many requests wait. */
  requests(): number
  /** Whether a message with this id waits. */
  has(id: string): boolean
  /** Puts a message at the end, if there is room for one of its kind. */
  add(message: Waiting): boolean
  /** Takes the first message. */
  next(): Waiting | undefined
  /** The request that comes first. */
  firstRequest(): TurnRequest | undefined
  /** Ends the requests that `ends` picks: each becomes a refused message and keeps its place. */
  end(error: DeltatapeError, ends: (request: TurnRequest) => boolean): void
  clear(): void
}

/** How many refused messages may wait for their place in the order; further ones are answered at once. */
const MAX_WAITING_REFUSED = 1000

/** Makes a queue in which so many requests may wait. */
export function createQueue(maxRequests: number): Queue {
  let waiting: Waiting[] = []
  const count = (kind: Waiting['kind']) => waiting.filter((message) => message.kind === kind).length
  return {
    requests: () => count('request'),
    has: (id) => waiting.some((message) => message.id === id),
    add(message) {
      const isRoom = count(message.kind) < (message.kind === 'request' ? maxRequests : MAX_WAITING_REFUSED)
      if (isRoom) waiting.push(message)
      return isRoom
    },
    next: () => waiting.shift(),
    firstRequest: () => waiting.find((message) => message.kind === 'request'),
    end(error, ends) {
      waiting = waiting.map((message) =>
        message.kind === 'request' && ends(message) ? refusedFor(message, error) : message,
      )
    },
    clear() {
      waiting = []
    },
  }
}

/** A request that is not answered, with the error that ends its turn. */
export const refusedFor = ({ id, turn }: TurnRequest, error: DeltatapeError): RefusedMessage => ({
  kind: 'refused',
  id,
  error,
  messages: turn.fail(error),
})
