/** What waits on one connection, in the order it was sent: requests, and messages that were refused. */
import type { DeltatapeError } from '../../base/errors.ts'
import type { Account } from '../../base/ledger.ts'
import { parsedWeightOf, weightOf } from '../../base/weight.ts'
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

/** What a message takes of memory beside its texts, and each text beside its characters. In bytes. */
const MESSAGE_BYTES = 1024

const TEXT_BYTES = 32

const weights = new WeakMap<Waiting, number>()

/** What a message takes of memory, in bytes: a request as much as when its turn has come, and it is read. Weighed once. */
export function weightOfMessage(message: Waiting): number {
  const known = weights.get(message)
  if (known !== undefined) return known
  const texts = message.kind === 'request' ? message.ignored : message.messages
  const body = message.kind === 'request' ? weightOf(message.body) + parsedWeightOf(message.body) : 0
  const weight = texts.reduce((sum, text) => sum + weightOf(text) + TEXT_BYTES, MESSAGE_BYTES + body)
  weights.set(message, weight)
  return weight
}

/** How many refused messages may wait for their place in the order; further ones are answered at once. */
const MAX_WAITING_REFUSED = 1000

/** Makes a queue in which so many requests may wait. What waits is charged to the client. */
export function createQueue(maxRequests: number, account: Account): Queue {
  let waiting: Waiting[] = []
  const count = (kind: Waiting['kind']) => waiting.filter((message) => message.kind === kind).length
  const credit = (message: Waiting) => account.credit(weightOfMessage(message))
  return {
    requests: () => count('request'),
    has: (id) => waiting.some((message) => message.id === id),
    add(message) {
      const isRoom = count(message.kind) < (message.kind === 'request' ? maxRequests : MAX_WAITING_REFUSED)
      if (!isRoom || !account.take(weightOfMessage(message))) return false
      waiting.push(message)
      return true
    },
    next() {
      const message = waiting.shift()
      if (message) credit(message)
      return message
    },
    firstRequest: () => waiting.find((message) => message.kind === 'request'),
    end(error, ends) {
      waiting = waiting.map((message) => {
        if (message.kind !== 'request' || !ends(message)) return message
        const refused = refusedFor(message, error)
        credit(message)
        account.charge(weightOfMessage(refused))
        return refused
      })
    },
    clear() {
      waiting.forEach(credit)
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
