/** Log lines: readable on a terminal, JSON elsewhere. */
import type { Writable } from 'node:stream'
import { inspect } from 'node:util'
import { LRUCache } from 'lru-cache'
import { pino } from 'pino'
import { type Clock, systemClock } from '../base/clock.ts'
import { DeltatapeError, isError } from '../base/errors.ts'
import { isObject, parseJson } from '../base/json.ts'
import { shortened } from '../base/name.ts'
import { printable, printableLines } from '../base/text.ts'
import type { LogLevel } from './config.ts'
import type { Redactor } from '../redact/redactor.ts'

/** What a line carries for machines: texts, numbers, errors. A field that is undefined is left out. */
export type Fields = Readonly<Record<string, unknown>>

export interface Log {
  /** Writes a line of what the server itself has to say, at any level but `silent`. */
  announce(message: string, fields?: Fields): void
  debug(message: string, fields?: Fields): void
  info(message: string, fields?: Fields): void
  warn(message: string, fields?: Fields): void
  error(message: string, fields?: Fields): void
  /** Writes a line that may come again: of the very same one what it says is made and redacted once. */
  repeat(line: Line, now: Differing): void
}

/** A line that may come again. */
export interface Line {
  readonly level: 'info' | 'warn'
  /** The message before and after what differs. */
  readonly message: readonly [before: string, after: string]
  readonly fields: Fields
}

/** What differs in a line each time that it comes, and holds no secret: numbers, and ids of traces. */
export interface Differing {
  readonly text: string
  readonly fields: Readonly<Record<string, string | number | undefined>>
}

/** Where lines go, each with its line end. */
export interface LogLines {
  write(line: string): void
}

export interface LogOptions {
  readonly level: LogLevel
  readonly redactor: Pick<Redactor, 'json'>
  /** Where the lines go. */
  readonly stream: LogLines
  readonly clock?: Pick<Clock, 'date'>
}

/**
 * Makes a log. A line is made, redacted and made printable as a whole, once: field by field it would cost several times
 * as much as the answer that it tells of.
 */
export function createLog({ level, redactor, stream, clock = systemClock }: LogOptions): Log {
  const timestamp = createTimestamp(clock)
  // A control character that JSON leaves as it is becomes an escape of JSON, so that the line stays valid.
  const safe = unlessKnown((line) => printable(within(redactor.json(line))))
  const lines = (from: typeof level) =>
    pino(
      { level: from, base: null, timestamp, formatters: { level: (label) => ({ level: label }) } },
      { write: (line) => stream.write(`${safe(line.trimEnd())}\n`) },
    )
  const logger = lines(level)
  const repeated = createRepeated(safe, timestamp)
  const always = lines(level === 'silent' ? 'silent' : 'info')
  const write =
    (to: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields: Fields = {}) => {
      if (logger.isLevelEnabled(to)) logger[to](written(fields), message)
    }
  return {
    announce: (message, fields = {}) => always.info(written(fields), message),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    repeat(line, now) {
      if (logger.isLevelEnabled(line.level)) stream.write(repeated(line, now))
    },
  }
}

/** Makes lines that may come again. One that was safe as it was is put together from its parts the next time. */
function createRepeated(
  safe: (line: string) => string,
  timestamp: () => string,
): (line: Line, now: Differing) => string {
  const known = new WeakMap<Line, readonly [begin: string, middle: string, end: string]>()
  return (line, { text, fields }) => {
    const parts = known.get(line) ?? partsOf(line)
    const [begin, middle, end] = parts
    const whole = `${begin}${timestamp()},${JSON.stringify(fields).slice(1, -1)}${middle}${text}${end}`
    if (known.has(line)) return `${whole}\n`
    const done = safe(whole)
    if (done === whole) known.set(line, parts)
    return `${done}\n`
  }
}

/** A line but for what differs in it: as JSON, like all others. */
function partsOf({ level, message, fields }: Line): readonly [begin: string, middle: string, end: string] {
  const [before, after] = message.map((text) => JSON.stringify(text).slice(1, -1))
  const own = JSON.stringify(written(fields)).slice(1, -1)
  return [`{"level":"${level}"`, `${own && `,${own}`},"msg":"${before}`, `${after}"}`]
}

/** What differs in lines that tell of the same fixture, and holds no secret: times, and ids of traces. */
const TIMES =
  /"time":"[^"]{24}"|"ms":[\d.]+| [\d.]+ ms |"trace_id":"[\da-f]{32}","span_id":"[\da-f]{16}","trace_flags":"[\da-f]{2}"/g

/** How many lines are known to be safe as they are, but for their times. */
const MAX_KNOWN = 500

/** Makes a step that is not done again for a line which it left as it was, and that comes again with other times. */
function unlessKnown(step: (line: string) => string): (line: string) => string {
  const known = new LRUCache<string, true>({ max: MAX_KNOWN })
  return (line) => {
    if (line.length > MAX_TEXT_CHARS) return step(line)
    const timeless = line.replace(TIMES, '')
    if (known.get(timeless)) return line
    const done = step(line)
    if (done === line) known.set(timeless, true)
    return done
  }
}

/** How long a text in a line may be, and a stack. In characters. */
const MAX_TEXT_CHARS = 2048

const MAX_STACK_CHARS = 8192

/** A line whose texts are short enough: a client can make them long. Cut last, since no rule finds half a secret. */
function within(line: string): string {
  if (line.length <= MAX_TEXT_CHARS) return line
  const cut = (name: string, value: unknown) =>
    typeof value === 'string' ? shortened(value, name === 'stack' ? MAX_STACK_CHARS : MAX_TEXT_CHARS) : value
  return JSON.stringify(parseJson(line), cut)
}

/** The time as pino writes it. Many lines come in one millisecond: its text is made once. */
function createTimestamp(clock: Pick<Clock, 'date'>): () => string {
  let at: number | undefined
  let text = ''
  return () => {
    const date = clock.date()
    if (date.getTime() === at) return text
    at = date.getTime()
    text = `,"time":"${date.toISOString()}"`
    return text
  }
}

const isComplex = (value: unknown): value is object => typeof value === 'object' && value !== null

/** The fields as JSON can hold them: an error with its causes, any other object as Node shows it. */
const written = (fields: Fields): Fields =>
  Object.values(fields).some(isComplex)
    ? Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, isComplex(value) ? shown(value) : value]))
    : fields

const shown = (value: object): unknown =>
  isError(value) ? { type: value.name, message: value.message, stack: inspect(value) } : inspect(value)

/** A log that nobody reads. */
export const silentLog: Log = { announce() {}, debug() {}, info() {}, warn() {}, error() {}, repeat() {} }

/** What is asked of an output: a pipe, a file or a terminal. */
export type Output = Writable & { readonly isTTY?: boolean; hasColors?(): boolean }

/** How much may wait for a reader of the log, in characters. */
const MAX_UNREAD_CHARS = 1024 * 1024

/**
 * Gathers the lines of one turn of the event loop for one write: a write costs as much as the answer it tells of. Where
 * nobody reads, further lines are dropped; once somebody does, one line tells how many.
 */
function gathered(output: Output, clock: Pick<Clock, 'soon' | 'date'>): LogLines {
  let lines = ''
  let dropped = 0
  const flush = () => {
    output.write(lines)
    lines = ''
  }
  const add = (line: string) => {
    if (lines === '') clock.soon(flush)
    lines += line
  }
  output.on('drain', () => {
    if (dropped === 0) return
    const msg = `${dropped} lines of this log were dropped: nobody read them`
    add(`${JSON.stringify({ level: 'warn', time: clock.date().toISOString(), dropped, msg })}\n`)
    dropped = 0
  })
  return {
    write(line) {
      if (dropped > 0 || output.writableLength + lines.length > MAX_UNREAD_CHARS) dropped++
      else add(line)
    },
  }
}

/** Opens an output for lines: on a terminal the time and the message, elsewhere JSON. */
export async function openOutput(output: Output, clock: Pick<Clock, 'soon' | 'date'> = systemClock): Promise<LogLines> {
  if (!output.isTTY) return gathered(output, clock)
  const { default: pretty } = await import('pino-pretty')
  return pretty({
    destination: output,
    sync: true,
    colorize: output.hasColors?.() ?? false,
    hideObject: true,
    ignore: 'level,time',
    // What was an escape of JSON is a control character again here.
    messageFormat: ({ time, level, msg, error }, _key, _label, { colors }) => {
      const stack = isObject(error) && typeof error.stack === 'string' ? `\n${printableLines(error.stack)}` : ''
      const text = `${printable(String(msg))}${stack}`
      const painted = level === 'error' ? colors.red(text) : level === 'warn' ? colors.yellow(text) : text
      return `${colors.gray(new Date(String(time)).toTimeString().slice(0, 8))} ${painted}`
    },
  })
}

/** What a client is told of an error. One that nobody expected goes to the log, with its stack. */
export function toldOf(error: unknown, log: Log): DeltatapeError {
  if (error instanceof DeltatapeError) return error
  log.error('an answer failed unexpectedly', { error })
  return new DeltatapeError('internal', 'Something went wrong in deltatape itself; its log says what.', {
    cause: error,
  })
}
