/** What holds for every row: what it tells of an answer, and how it says in its own words what went wrong. */
import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { any } from '../../server/api/any.ts'
import { RefusedError } from '../../server/api/ending.ts'
import { createReader } from '../../server/api/framing/index.ts'
import { sendable } from '../../server/api/headers.ts'
import { homeOf, isKnownPath, ownServices } from '../../server/api/hosts.ts'
import { apiOf } from '../../server/api/index.ts'
import { mcp } from '../../server/api/mcp/index.ts'
import { openai } from '../../server/api/openai.ts'
import { type AnswerRecord, bytesOf } from '../../server/api/record.ts'
import { WAYS, callOfWay, recordsOf } from '../kit/rows.ts'
import { WORDS } from '../sdks/wires/wire.ts'

test('each row of the table has a way in test/kit/rows.ts', async () => {
  const [, table = ''] = /const APIS\b.* = \[([^\]]+)\]/.exec(await readFile('server/api/index.ts', 'utf8')) ?? []
  const rows = table.split(',').flatMap((each) => each.trim() || [])
  // What is no chat has no text, tool calls and tokens to tell: it is tried by itself.
  const tried = [...WAYS.map(({ row }) => row), openai, mcp, any].map(({ name }) => name)
  expect([...new Set(tried)].toSorted()).toEqual(rows.map(nameInFixtures).toSorted())
})

/** The name that fixtures have for a constant. */
const nameInFixtures = (constant: string): string =>
  constant.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

const MESSAGE = 'The model is overloaded, on purpose.'

const troubles = [400, 401, 403, 404, 408, 429, 500, 503, 529].map((status) => ({
  status,
  message: MESSAGE,
  code: 'fault',
}))

describe.each(WAYS)('$name', (way) => {
  const { row, wire, framing } = way
  const [streamed, inOne] = [callOfWay(way), callOfWay(way, { whole: true })]

  test('owns its calls, knows whose host they go to, and which of them stream, with which type', () => {
    expect([apiOf(streamed), apiOf(inOne)]).toEqual([row, row])
    for (const { path } of [streamed, inOne]) {
      const home = homeOf({ row: row.name, path, headers: [] })
      expect(home, `the service of ${path} in server/api/hosts.ts`).toBeDefined()
      // Else its own host would count for the key.
      expect(ownServices({ row: row.name, path })).toContain(home)
      expect(isKnownPath(path), `${path} in PATHS of server/api/hosts.ts`).toBe(true)
    }
    const [type, none] = [streamed, inOne].map((call) =>
      row.streamType(call, JSON.parse(Buffer.from(call.content).toString())),
    )
    expect(type?.replace(/;.*/, '')).toBe(wire.type.replace(/;.*/, ''))
    expect(none).toBeUndefined()
  })

  test('tells of a stream its text, its tool calls with their arguments, its tokens and its end', () => {
    const tells = row.told(row.events(recordsOf(wire.type, wire.tells)))
    expect(tells.pieces.map(({ text }) => text).join('')).toBe(WORDS.join(''))
    expect(tells).toMatchObject({ status: 'completed' })
    expect(tells.why).toBeUndefined()
    expect(tells.output.filter(({ type }) => type === 'function_call')).toEqual([])
    const asks = row.told(row.events(recordsOf(wire.type, wire.asks)))
    const calls = asks.output.filter(({ type }) => type === 'function_call')
    expect(calls.map(({ name, arguments: args }) => [name, JSON.parse(String(args))])).toEqual([
      ['get_weather', { city: 'Paris' }],
    ])
    for (const told of [tells, asks])
      expect(Object.values(numbersIn(told.usage))).toEqual(expect.arrayContaining([7, 11]))
  })

  test('tells the same of an answer in one piece', () => {
    const told = row.told(row.events(recordsOf('application/json', [wire.whole])))
    expect(told.pieces.map(({ text }) => text).join('')).toBe(WORDS.join(''))
    expect(told).toMatchObject({ status: 'completed' })
    expect(Object.values(numbersIn(told.usage))).toEqual(expect.arrayContaining([7, 11]))
  })

  test('a stream that tells of its failure in the words of the API is none that is finished', () => {
    const records = recordsOf(wire.type, [...wire.tells.slice(0, 2), wire.error])
    const follower = row.follow()
    const progress = records.map((each) => follower.take(each))
    expect(progress).toContain('failing')
    expect(follower.end()).toEqual({ end: 'complete' })
    expect(row.isFinished(streamed, row.events(records))).toBe(false)
    expect(row.isFinished(streamed, row.events(recordsOf(wire.type, wire.tells)))).toBe(true)
  })

  test.each(troubles)('refuses with $status: its message stands in what can be sent', (trouble) => {
    const { body, headers = [] } = row.refused(trouble)
    expect(JSON.stringify(body)).toContain(MESSAGE)
    expect(sendable(headers)).toEqual(headers)
    const read = new RefusedError({ status: trouble.status, headers, body: JSON.stringify(body) })
    expect(read.message).toBe(`The API refused the request with HTTP ${trouble.status}: ${MESSAGE}`)
  })

  test.each(troubles)('fails with $status within a stream: its own follower takes it for a failure', (trouble) => {
    for (const sent of [0, 2]) {
      const before = recordsOf(wire.type, wire.tells.slice(0, sent))
      const last = before.findLast(({ event }) => event)?.event
      const given = row.failing(trouble, { sent, last, framing, isFailure: false })
      const reader = createReader([['content-type', wire.type]])
      const records = [...reader.read(bytesOf([...before, ...given]), 0), ...reader.end(0, true)]
      expect(reader.framing()).toBe(framing)
      expect(withoutTime(records.slice(-given.length))).toEqual(withoutTime(given))
      const follower = row.follow()
      const progress = records.map((each) => follower.take(each))
      expect(progress).toContain('failing')
      expect(follower.end()).toEqual({ end: 'complete' })
      const events = row.events(records)
      expect(row.isFinished(streamed, events)).toBe(false)
      expect(events.map((event) => row.failureOf(event)?.message ?? '').join()).toContain(MESSAGE.replace(/\.$/, ''))
    }
  })
})

/** The numbers in an object, however deep. */
function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap((each) => numbersIn(each)) : []
}

const withoutTime = (records: readonly AnswerRecord[]) => records.map(({ wire }) => wire)
