/** The terminal that a sub-command writes to, or a pipe or file in its place. */
import { SingleBar } from 'cli-progress'
import { createInterface } from 'node:readline/promises'
import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

export interface Terminal {
  /** How wide a line may be, in columns. */
  readonly columns: number
  /** Writes results. */
  write(text: string): void
  /** Writes problems and hints, which are not results. */
  tell(text: string): void
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

/** How wide a line is if it goes to no terminal. */
const COLUMNS = 80

/** The terminal of a process. */
export function terminalOf({ stdin, stdout, stderr }: NodeJS.Process): Terminal {
  // A reader may have left, as `head` does after its lines: then there is nobody to tell.
  stdout.on('error', () => {})
  return {
    columns: stdout.isTTY ? stdout.columns : COLUMNS,
    write: (text) => void stdout.write(`${text}\n`),
    tell: (text) => void stderr.write(`${text}\n`),
    style: (style, text) => styleText(style, text, { stream: stdout }),
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
