import { describe, expect, test } from 'vitest'
import { DeltatapeError } from '../../../server/base/errors.ts'
import { createLedger } from '../../../server/base/ledger.ts'
import type { TurnRequest } from '../../../server/serve/ws/dialect.ts'
import { chatTurns } from '../../../server/serve/ws/chat.ts'
import { type Waiting, createQueue, refusedFor } from '../../../server/serve/ws/queue.ts'

const createTurn = chatTurns({ deltas: true })
const STOP = new DeltatapeError('cancelled', 'Stop.')

const request = (id: string): TurnRequest => ({
  kind: 'request',
  id,
  body: '{}',
  content: '{}',
  ignored: [],
  turn: createTurn({ id, redact: (text) => text }),
})
const junk = (id?: string): Waiting => ({ kind: 'refused', id, error: STOP, messages: ['junk'] })

function filled(maxRequests: number, ...messages: readonly Waiting[]) {
  const queue = createQueue(maxRequests, createLedger(2 ** 28).open())
  return { queue, added: messages.map((message) => queue.add(message)) }
}

/** What comes out: an id, and whether it is still a request. */
function emptied(queue: ReturnType<typeof createQueue>): string[] {
  const all: string[] = []
  for (let next = queue.next(); next; next = queue.next()) all.push(`${next.id} ${next.kind}`)
  return all
}

test('messages leave in the order in which they came', () => {
  const { queue, added } = filled(2, request('1'), junk('2'), request('3'))
  expect(added).toEqual([true, true, true])
  expect(emptied(queue)).toEqual(['1 request', '2 refused', '3 request'])
  expect(queue.next()).toBeUndefined()
})

test('requests and refused messages have room of their own', () => {
  const { queue, added } = filled(1, request('1'), request('2'), junk())
  expect(added).toEqual([true, false, true])
  expect(queue.requests()).toBe(1)
  const many = Array.from({ length: 1000 }, () => junk())
  expect(many.map((message) => queue.add(message)).filter((isRoom) => !isRoom)).toHaveLength(1)
  queue.next()
  expect(queue.add(request('3'))).toBe(true)
})

test('it knows the ids that wait', () => {
  const { queue } = filled(3, request('1'), junk('2'))
  expect(['1', '2', '3'].map(queue.has)).toEqual([true, true, false])
  queue.clear()
  expect(queue.has('1')).toBe(false)
})

describe('a request that is ended', () => {
  test('keeps its place, and says why', () => {
    const { queue } = filled(3, request('1'), request('2'), request('3'))
    queue.end(STOP, ({ id }) => id === '2')
    expect(emptied(queue)).toEqual(['1 request', '2 refused', '3 request'])
  })

  test('is no longer the first one, and takes no room of the others', () => {
    const { queue } = filled(2, request('1'), request('2'))
    const first = queue.firstRequest()
    expect(first?.id).toBe('1')
    queue.end(STOP, (each) => each === first)
    expect(queue.firstRequest()?.id).toBe('2')
    expect(queue.add(request('3'))).toBe(true)
  })

  test('has the error as the end of its turn', () => {
    const { messages, error } = refusedFor(request('1'), STOP)
    expect(messages.map((text): unknown => JSON.parse(text))).toEqual([
      { type: 'error', message: 'Stop.', code: 'cancelled', id: '1' },
    ])
    expect(error).toBe(STOP)
  })
})
