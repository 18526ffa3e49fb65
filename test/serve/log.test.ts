import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { createLog, openOutput } from '../../server/serve/log.ts'
import { printable, printableLines } from '../../server/base/text.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { readableLog } from '../kit/tools.ts'

test('a line is JSON with its level, time, message and fields', () => {
  const { log, lines } = readableLog()
  log.warn('careful', { fixture: 'x.jsonl', none: undefined })
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    level: 'warn',
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    fixture: 'x.jsonl',
    msg: 'careful',
  })
})

test('a level keeps the lesser ones out', () => {
  const lines: string[] = []
  const log = createLog({
    level: 'warn',
    redactor: createRedactor(),
    stream: { write: (line) => void lines.push(line) },
  })
  log.debug('no')
  log.info('no')
  log.error('yes')
  expect(lines).toHaveLength(1)
})

test('no key gets into a line, be it in the message, a field or an error', () => {
  const key = 'sk-secret-of-the-server'
  const { log, lines } = readableLog(createRedactor({ 'api-key': key }))
  log.error(`failed with ${key}`, { detail: key, error: new Error(`bad ${key}`) })
  expect(lines.join('')).not.toContain(key)
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    error: { message: 'bad [redacted:api-key]', stack: expect.stringContaining('log.test.ts') },
  })
})

test('what a client sent cannot write lines, colours or a direction of its own', () => {
  expect(printable('a\nb\u001b[31mc\u009bd\u202ee\u2028f')).toBe(String.raw`a\u000ab\u001b[31mc\u009bd\u202ee\u2028f`)
  expect(printable('こんにちは 👋🏽')).toBe('こんにちは 👋🏽')
  expect(printableLines('a\r\nb\u001bc\n')).toBe('a\\u000d\nb\\u001bc\n')
  const { log, lines } = readableLog()
  log.info('origin \u001b[2J', { origin: '\u009b2J' })
  expect(['\u001b', '\u009b'].some((character) => lines.join('').includes(character))).toBe(false)
})

describe('openOutput', () => {
  const linesOn = async (isTTY: boolean) => {
    const output = Object.assign(new PassThrough(), { isTTY })
    const log = createLog({ level: 'info', redactor: createRedactor(), stream: await openOutput(output) })
    log.info('replay hit x.jsonl', { fixture: 'x.jsonl' })
    log.error('failed', { error: new Error('a bug') })
    // What is written in one turn of the event loop goes out together.
    await new Promise((resolve) => setImmediate(resolve))
    return String(output.read())
  }

  test('a pipe gets JSON', async () => {
    const [line = ''] = (await linesOn(false)).split('\n')
    expect(JSON.parse(line)).toMatchObject({ msg: 'replay hit x.jsonl', fixture: 'x.jsonl' })
  })

  test('a terminal gets the message alone, behind the time, and the whole of an error', async () => {
    const lines = (await linesOn(true)).split('\n')
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d replay hit x\.jsonl$/)
    expect(lines.join('\n')).toContain('a bug')
  })
})
