/** Log lines: readable on a terminal, JSON elsewhere. */
import type { Writable } from 'node:stream'
import { inspect } from 'node:util'
import { type DestinationStream, pino } from 'pino'
import { DeltatapeError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import { printable } from '../base/text.ts'
import type { LogLevel } from '../config.ts'
import type { Redactor } from '../redact/redactor.ts'

/** What a line carries for machines: texts, numbers, errors; what is undefined is left out. */
export type Fields = Readonly<Record<string, unknown>>

export interface Log {
  /** What is told at any level but `silent`. */
  announce(message: string, fields?: Fields): void
  debug(message: string, fields?: Fields): void
  info(message: string, fields?: Fields): void
  warn(message: string, fields?: Fields): void
  error(message: string, fields?: Fields): void
}

export interface LogOptions {
  readonly level: LogLevel
  readonly redactor: Redactor
  /** Where the lines go. */
  readonly stream: DestinationStream
}

/** Makes a log. Everything in a line is redacted and made printable first. */
export function createLog({ level, redactor, stream }: LogOptions): Log {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  )
  const clean = (text: string) => printable(redactor.text(text))
  const cleanField = (value: unknown): unknown => {
    if (typeof value === 'string') return clean(value)
    if (typeof value !== 'object' || value === null) return value
    if (!(value instanceof Error)) return clean(inspect(value))
    // With its causes; line by line, so that it stays readable.
    return { type: value.name, message: clean(value.message), stack: inspect(value).split('\n').map(clean).join('\n') }
  }
  const lineOf = (message: string, fields: Fields): [Record<string, unknown>, string] => [
    Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, cleanField(value)])),
    clean(message),
  ]
  const always = logger.child({}, { level: level === 'silent' ? 'silent' : 'info' })
  const announce = (message: string, fields: Fields = {}) => always.info(...lineOf(message, fields))
  const write =
    (to: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields: Fields = {}) => {
      if (!logger.isLevelEnabled(to)) return
      logger[to](...lineOf(message, fields))
    }
  return { announce, debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}

/** A log that nobody reads. */
export const silentLog: Log = { announce() {}, debug() {}, info() {}, warn() {}, error() {} }

/** What is asked of an output: a pipe, a file or a terminal. */
export type Output = Writable & { readonly isTTY?: boolean; hasColors?(): boolean }

/** Gathers the lines of one turn of the event loop for one write: each costs as much as the answer that it tells of. */
function gathered(output: Output): DestinationStream {
  let lines = ''
  const flush = () => {
    output.write(lines)
    lines = ''
  }
  return {
    write(line) {
      if (lines === '') setImmediate(flush)
      lines += line
    },
  }
}

/** Opens an output for lines: on a terminal the time and the message, elsewhere JSON. */
export async function openOutput(output: Output): Promise<DestinationStream> {
  if (!output.isTTY) return gathered(output)
  const { default: pretty } = await import('pino-pretty')
  return pretty({
    destination: output,
    sync: true,
    colorize: output.hasColors?.() ?? false,
    hideObject: true,
    ignore: 'level,time',
    messageFormat: ({ time, level, msg, error }, _key, _label, { colors }) => {
      const stack = isObject(error) && typeof error.stack === 'string' ? `\n${error.stack}` : ''
      const text = `${String(msg)}${stack}`
      const shown = level === 'error' ? colors.red(text) : level === 'warn' ? colors.yellow(text) : text
      return `${colors.gray(new Date(String(time)).toTimeString().slice(0, 8))} ${shown}`
    },
  })
}

/** What a client is told of an error; the log gets all of one that nobody expected. */
export function toldOf(error: unknown, log: Log): DeltatapeError {
  if (error instanceof DeltatapeError) return error
  log.error('an answer failed unexpectedly', { error })
  return new DeltatapeError('internal', 'Something went wrong in deltatape itself; its log says what.', {
    cause: error,
  })
}
