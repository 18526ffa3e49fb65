/** How an answer ended, at a glance: an icon of its own shape, the word, and a colour that nobody needs to see. */
import { Icon, type IconName } from './icons.tsx'
import { type EndingName, toneOf } from './tone.ts'

const ICONS: Readonly<Record<EndingName, IconName>> = {
  completed: 'check',
  incomplete: 'half',
  failed: 'warning',
  error: 'warning',
  malformed: 'warning',
  refused: 'noEntry',
  unreachable: 'noEntry',
  truncated: 'cut',
  reset: 'cut',
  stalled: 'clock',
  damaged: 'torn',
}

interface Props {
  readonly word: EndingName
  /** What is to be read when one points at it. */
  readonly why?: string | undefined
  /** Without a border: for rows, where a border would be noise. */
  readonly plain?: boolean
}

export function Ending({ word, why, plain = false }: Props) {
  return (
    <span class={`ending ${toneOf(word)}${plain ? '' : ' pill'}`} title={why}>
      <Icon name={ICONS[word]} />
      <span>{word}</span>
    </span>
  )
}
