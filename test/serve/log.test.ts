/** Log lines: what is in them, and what never is. */
import { PassThrough, Writable } from 'node:stream'
import { runInNewContext } from 'node:vm'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { systemClock } from '../../server/base/clock.ts'
import { DeltatapeError } from '../../server/base/errors.ts'
import { printable, printableLines } from '../../server/base/text.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { type Fields, type LogOptions, createLog, openOutput, toldOf } from '../../server/serve/log.ts'

/** A log, and its lines as they were written and as JSON. */
function readable({ level = 'debug', redactor = createRedactor(), ...more }: Partial<LogOptions> = {}) {
  const lines: string[] = []
  const log = createLog({ level, redactor, stream: { write: (line) => void lines.push(line) }, ...more })
  return { log, lines, parsed: (): Fields[] => lines.map((line): Fields => JSON.parse(line)) }
}

test('a line is JSON with its level, time, message and fields', () => {
  const { log, parsed } = readable()
  log.warn('careful', { fixture: 'x.jsonl', none: undefined, ms: 1.5 })
  expect(parsed()).toEqual([
    { level: 'warn', time: expect.stringMatching(/^\d{4}-.*Z$/), fixture: 'x.jsonl', ms: 1.5, msg: 'careful' },
  ])
})

test('a level keeps the lesser ones out', () => {
  const { log, parsed } = readable({ level: 'warn' })
  log.debug('no')
  log.info('no')
  log.announce('always')
  log.error('yes')
  expect(parsed().map(({ msg }) => msg)).toEqual(['always', 'yes'])
  const silent = readable({ level: 'silent' })
  silent.log.announce('not even this')
  silent.log.error('nor this')
  expect(silent.lines).toEqual([])
})

test('a line that comes again has another time, and is as safe as it was', () => {
  const key = 'sk-secret-of-the-server'
  const { log, lines, parsed } = readable({ redactor: createRedactor({ 'api-key': key }) })
  for (const name of ['a "b".jsonl', key]) {
    const line = {
      level: 'info',
      message: ['hit ', ` ms ${name}`],
      fields: { fixture: name, none: undefined },
    } as const
    for (const ms of [1, 2, 3]) log.repeat(line, { text: String(ms), fields: { ms, trace_id: undefined } })
  }
  const shown = (name: string) =>
    [1, 2, 3].map((ms) => ({ level: 'info', time: expect.any(String), ms, fixture: name, msg: `hit ${ms} ms ${name}` }))
  expect(parsed()).toEqual([...shown('a "b".jsonl'), ...shown('[redacted:api-key]')])
  expect(lines.join('')).not.toContain(key)
})

describe('secrets', () => {
  test.each(['sk-secret-of-the-server', String.raw`quo"te\and-slash`])(
    '%s gets into no line, be it in the message, a field or an error',
    (key) => {
      const { log, lines, parsed } = readable({ redactor: createRedactor({ 'api-key': key }) })
      log.error(`failed with ${key}`, { detail: key, error: new Error(`bad ${key}`) })
      expect(lines.join('')).not.toContain(JSON.stringify(key).slice(1, -1))
      expect(parsed()).toMatchObject([
        {
          msg: 'failed with [redacted:api-key]',
          detail: '[redacted:api-key]',
          error: { type: 'Error', message: 'bad [redacted:api-key]', stack: expect.stringContaining('log.test.ts') },
        },
      ])
    },
  )

  test('get into no line that is like one without, and lines that differ in times keep their own', () => {
    const { log, lines, parsed } = readable({ redactor: createRedactor({ 'api-key': 'sk-7f3a9c1e5b2d8046' }) })
    for (const [fixture, ms] of [
      ['a.jsonl', 1],
      ['a.jsonl', 23.5],
      ['sk-7f3a9c1e5b2d8046', 4],
      ['a.jsonl', 5],
      ['sk-7f3a9c1e5b2d8046', 6],
    ] as const)
      log.info(`hit ${ms} ms here`, { fixture, ms })
    expect(lines.join('')).not.toContain('sk-7f3a9c1e5b2d8046')
    const gone = '[redacted:api-key]'
    expect(parsed().map(({ fixture, ms, msg }) => [fixture, ms, msg])).toEqual([
      ['a.jsonl', 1, 'hit 1 ms here'],
      ['a.jsonl', 23.5, 'hit 23.5 ms here'],
      [gone, 4, 'hit 4 ms here'],
      ['a.jsonl', 5, 'hit 5 ms here'],
      [gone, 6, 'hit 6 ms here'],
    ])
  })

  test('a pattern that would swallow the whole line leaves it valid', () => {
    const own = { patterns: [{ expression: /secret.*/g, placeholder: '[gone]' }], paths: [] }
    const { log, parsed } = readable({ redactor: createRedactor({}, own) })
    log.info('a secret here', { fixture: 'x.jsonl' })
    expect(parsed()).toMatchObject([{ msg: 'a [gone]', fixture: 'x.jsonl' }])
  })
})

test('a long text is cut once it is redacted; half a secret is never left', () => {
  const key = `sk-${'a1b2c3d4'.repeat(20)}`
  const { log, lines, parsed } = readable({ redactor: createRedactor({ 'api-key': key }) })
  log.info(`${'x'.repeat(2000)}${key}${'y'.repeat(1_000_000)}`)
  expect(String(parsed()[0]?.msg).length).toBeLessThan(2100)
  expect(lines.join('')).not.toContain('a1b2c3d4')
  expect(parsed()[0]?.msg).toMatch(/…$/)
})

describe('control characters', () => {
  const WILD = 'a\nb\u001b[31mc\u009bd\u202ee\u2028f'

  test('are made visible in a text', () => {
    expect(printable(WILD)).toBe(String.raw`a\u000ab\u001b[31mc\u009bd\u202ee\u2028f`)
    expect(printable('こんにちは 👋🏽')).toBe('こんにちは 👋🏽')
    expect(printableLines('a\r\nb\u001bc\n')).toBe('a\\u000d\nb\\u001bc\n')
  })

  test('are escaped in a line, which stays valid and is one line', () => {
    const { log, lines, parsed } = readable()
    log.info(WILD, { origin: WILD })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^[^\p{Cc}\p{Bidi_Control}\u2028]+\n$/u)
    expect(parsed()).toMatchObject([{ msg: WILD, origin: WILD }])
  })
})

test('an error is told with its causes, whatever realm it is of; another object as Node shows it', () => {
  const { log, parsed } = readable()
  const cause: unknown = runInNewContext('new RangeError("deep down")')
  log.error('failed', { error: new Error('a bug', { cause }), cause, list: [1, { two: 2 }] })
  expect(parsed()).toMatchObject([
    {
      error: { type: 'Error', message: 'a bug', stack: expect.stringContaining('deep down') },
      cause: { type: 'RangeError', message: 'deep down' },
      list: '[ 1, { two: 2 } ]',
    },
  ])
})

test('a client is told of an unexpected error in words that show nothing of it; the log has it', () => {
  const { log, parsed } = readable()
  const known = new DeltatapeError('busy', 'Later.')
  expect(toldOf(known, log)).toBe(known)
  expect(toldOf(new TypeError('x is undefined'), log)).toMatchObject({
    code: 'internal',
    message: expect.not.stringContaining('undefined'),
  })
  expect(parsed()).toMatchObject([{ level: 'error', error: { type: 'TypeError', message: 'x is undefined' } }])
})

describe('openOutput', () => {
  const linesOn = async (isTTY: boolean, message = 'replay hit x.jsonl') => {
    const output = Object.assign(new PassThrough(), { isTTY })
    const log = createLog({ level: 'info', redactor: createRedactor(), stream: await openOutput(output) })
    log.info(message, { fixture: 'x.jsonl' })
    log.error('failed', { error: new Error('a bug\u001b') })
    // What is written in one turn of the event loop goes out together.
    await new Promise<void>((resolve) => systemClock.soon(resolve))
    return String(output.read())
  }

  test('a pipe gets JSON', async () => {
    const [line = ''] = (await linesOn(false)).split('\n')
    expect(JSON.parse(line)).toMatchObject({ msg: 'replay hit x.jsonl', fixture: 'x.jsonl' })
  })

  test('where nobody reads, memory stays bounded; one line tells how many were dropped once somebody does', async () => {
    const waiting: (() => void)[] = []
    let written = ''
    let most = 0
    const output = new Writable({
      decodeStrings: false,
      write(chunk, _encoding, done) {
        written += String(chunk)
        waiting.push(done)
      },
    })
    const log = createLog({ level: 'info', redactor: createRedactor(), stream: await openOutput(output) })
    const turn = () => new Promise<void>((resolve) => systemClock.soon(resolve))
    for (let round = 0; round < 100; round++) {
      for (let index = 0; index < 100; index++) log.info('x'.repeat(1000))
      await turn()
      most = Math.max(most, output.writableLength)
    }
    expect(most).toBeLessThan(2 * 1024 * 1024)
    while (waiting.length > 0) {
      waiting.shift()?.()
      await turn()
    }
    const lines = written
      .trimEnd()
      .split('\n')
      .map((line): Fields => JSON.parse(line))
    expect(lines.at(-1)).toMatchObject({ level: 'warn', dropped: 10_000 - (lines.length - 1) })
    log.info('again')
    await turn()
    expect(written).toContain('"again"')
  })

  test('a terminal gets the message alone, after the time, and the whole of an error', async () => {
    const lines = (await linesOn(true)).split('\n')
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d replay hit x\.jsonl$/)
    expect(lines.join('\n')).toContain('a bug')
  })

  test('nothing that a client sent acts on a terminal', async () => {
    const text = await linesOn(true, 'origin \u001b[2J\u009b2J\nforged')
    expect(text.split('\n')[0]).toContain(String.raw`origin \u001b[2J\u009b2J\u000aforged`)
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
  })

  test('the timers and the date of a test change nothing', async () => {
    vi.useFakeTimers({ now: 0 })
    onTestFinished(() => void vi.useRealTimers())
    const [line = ''] = (await linesOn(false)).split('\n')
    expect(JSON.parse(line)).toMatchObject({ time: expect.not.stringMatching(/^1970/) })
  })
})
