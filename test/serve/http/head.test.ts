/** The heads of requests: what is known of one by its text. */
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { readConfig } from '../../../server/serve/config.ts'
import { createHeads } from '../../../server/serve/http/head.ts'

function request(url: string, ...rawHeaders: readonly string[]): IncomingMessage {
  const message = new IncomingMessage(new Socket())
  Object.assign(message, { method: 'POST', url, rawHeaders })
  return message
}

test('a head is known from the second time on, and no other has its number', () => {
  const read = createHeads(readConfig({}))
  const heads = [
    ['/v1/responses', 'host', 'localhost', 'x-a', 'b'],
    ['/v1/responses', 'host', 'localhost', 'x-a', 'c'],
    ['/v1/responses', 'host', 'localhost', 'x-ab', ''],
    ['/v1/responses?x', 'host', 'localhost', 'x-a', 'b'],
    ['/@name/v1/responses', 'host', 'localhost', 'x-a', 'b'],
  ] as const
  const numbers = [1, 2, 3].map(() => heads.map(([url, ...headers]) => read(request(url, ...headers)).number))
  expect(numbers[0]).toEqual(heads.map(() => undefined))
  expect(new Set(numbers[1]).size).toBe(heads.length)
  expect(numbers[2]).toEqual(numbers[1])
})

test('who was not let in is not let in again', () => {
  const read = createHeads(readConfig({}))
  for (let time = 0; time < 3; time++) {
    const { refusal, isCall } = read(request('/v1/responses', 'host', 'evil.example'))
    expect([refusal?.code, isCall]).toEqual(['forbidden', false])
  }
})
