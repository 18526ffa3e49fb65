/** The terminal that a sub-command writes to, or a pipe or file in its place. */
import { SingleBar } from 'cli-progress'
import { randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline/promises'
import { text as textFrom } from 'node:stream/consumers'
import { styleText } from 'node:util'
import { EXIT, systemCode } from '../base/errors.ts'
import { codeAndCure } from '../base/system.ts'
import { printableLines } from '../base/text.ts'

type Style = Parameters<typeof styleText>[0]

export interface Terminal {
  /** How wide a line may be, in columns. */
  readonly columns: number
  /** Writes results. */
  write(text: string): void
  /** Writes what another program or a file is to have as it is. On a terminal it is shown like any text. */
  pass(text: string): void
  /** Writes problems and hints, which are not results. */
  tell(text: string): void
  /** All that comes in through a pipe, as text. */
  read(): Promise<string>
  /** Colours a text if colours are wanted; if not, gives it as it is. */
  style(style: Style, text: string): string
  /** Shows how far some work is, on a terminal only. */
  progress(total: number, unit: string): Progress
  /** Asks for a yes. Gives undefined if nobody can answer. */
  confirm(question: string): Promise<boolean | undefined>
}

export interface Progress {
  /** @param note what is shown after the bar, such as the tokens so far */
  step(note?: string): void
  stop(): void
}

/** How many of something, in words: `1 fixture`, `2 fixtures`. */
export const counted = (count: number, what: string): string =>
  `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`

/** `1 of 2 fixtures`. */
export const countedOf = (part: number, whole: number, what: string): string =>
  `${part.toLocaleString('en')} of ${counted(whole, what)}`

/** How wide a line is if it goes to no terminal, or to one that does not know its width. */
const COLUMNS = 80

/**
 * The terminal of a process. Whatever a text is made of, only its line feeds and the colours of {@link Terminal.style} act
 * on the terminal.
 */
export function terminalOf(process: NodeJS.Process): Terminal {
  const { stdin, stdout, stderr } = process
  const tell = (text: string) => void stderr.write(`${printableLines(text)}\n`)
  guard(process, tell)
  const colours = createColours(stdout)
  return {
    columns: (stdout.isTTY && stdout.columns) || COLUMNS,
    write: (text) => void stdout.write(`${colours.shown(text)}\n`),
    pass: (text) => void stdout.write(stdout.isTTY ? colours.shown(text) : text),
    tell,
    read: () => textFrom(stdin),
    style: colours.style,
    progress(total, unit) {
      const bar = new SingleBar({
        stream: stderr,
        // It is silent if stderr is not a terminal.
        noTTYOutput: false,
        hideCursor: true,
        clearOnComplete: true,
        format: `{bar} {value}/{total} ${unit} {note}`,
        barsize: 30,
      })
      bar.start(total, 0, { note: '' })
      return {
        step: (note = '') => bar.increment(1, { note }),
        stop: () => bar.stop(),
      }
    },
    async confirm(question) {
      if (!stdin.isTTY || !stdout.isTTY) return undefined
      return ask(stdin, stdout, `${question} [y/N] `)
    },
  }
}

/**
 * Lets the process go on when its output cannot be written. A reader may have left, as `head` does after its lines: then
 * there is nobody to tell. Anything else, such as a full disk, is told once, and is an exit code.
 */
function guard(process: NodeJS.Process, tell: (text: string) => void): void {
  for (const output of [process.stdout, process.stderr]) {
    // After the first error each write may bring another.
    let isLost = false
    output.on('error', (error) => {
      const code = systemCode(error)
      const isTold = isLost || code === 'EPIPE'
      isLost = true
      if (isTold) return
      process.exitCode = EXIT.notLooked
      if (output === process.stdout)
        tell(`deltatape: The output could not be written: ${codeAndCure(code ?? error.message)}`)
    })
  }
}

/**
 * Colours that no text of a file can bring along: they are marked with a word that nobody knows, until all control
 * characters of the text are visible.
 */
function createColours(stream: NodeJS.WritableStream): Pick<Terminal, 'style'> & { shown(text: string): string } {
  const word = randomBytes(12).toString('hex')
  const mark = (colour: string) => `${word}${Buffer.from(colour).toString('hex')}.`
  const marks = new RegExp(`${word}([0-9a-f]+)\\.`, 'g')
  return {
    style(style, text) {
      const [open, close] = styleText(style, SEAM, { stream }).split(SEAM)
      return open && close ? `${mark(open)}${text}${mark(close)}` : text
    },
    shown: (text) => printableLines(text).replace(marks, (_mark, hex) => Buffer.from(hex, 'hex').toString()),
  }
}

/** Stands for a text between the two sequences that colour it. */
const SEAM = '\n'

/** Asks for a yes. Leaving instead (Ctrl-C, Ctrl-D, a closed terminal) is a no. */
export async function ask(
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
  question: string,
): Promise<boolean> {
  const lines = createInterface({ input, output })
  const left = new AbortController()
  lines.once('close', () => left.abort())
  try {
    return /^y(?:es)?$/i.test((await lines.question(question, { signal: left.signal })).trim())
  } catch (error) {
    if (!(error instanceof Error && error.name === 'AbortError')) throw error
    output.write('\n')
    return false
  } finally {
    lines.close()
  }
}
