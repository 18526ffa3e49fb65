/** Text that somebody else wrote: as text, with marks for what cannot be seen, isolated from what stands around it, and bounded. */
import { number } from './format.ts'
import { beginningOf, inLine, runsOf } from './shown.ts'

interface Props {
  readonly text: string
  /** How much is shown, in UTF-16 units; how much more there is, is told. */
  readonly most?: number
  /** In one line: line ends are spaces. */
  readonly line?: boolean
}

const MOST = 20_000

export function Text({ text, most = MOST, line = false }: Props) {
  const shown = beginningOf(text, most)
  const rest = text.length - shown.length
  return (
    <bdi class="told">
      <Runs text={line ? inLine(shown) : shown} />
      {rest > 0 && (line ? '…' : <span class="more"> … {number(rest)} characters more</span>)}
    </bdi>
  )
}

/** The runs of a text alone, to stand inside something else. */
export const Runs = ({ text }: { readonly text: string }) => (
  <>
    {runsOf(text).map((run, index) =>
      run.isMark ? (
        <span key={index} class="mark">
          {run.text}
        </span>
      ) : (
        run.text
      ),
    )}
  </>
)
