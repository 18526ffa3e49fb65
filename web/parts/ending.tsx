/** How an answer ended, at a glance: an icon of its own shape, the word, and a colour that nobody needs to see. */
import type { Listed } from '../../server/fixture/listed.ts'
import { Icon, type IconName } from './icons.tsx'

export type EndingName = Listed['ending']

export type Tone = 'good' | 'warn' | 'bad'

const LOOKS: Readonly<Record<EndingName, readonly [IconName, Tone]>> = {
  completed: ['check', 'good'],
  incomplete: ['half', 'warn'],
  failed: ['warning', 'bad'],
  error: ['warning', 'bad'],
  malformed: ['warning', 'bad'],
  refused: ['noEntry', 'bad'],
  unreachable: ['noEntry', 'bad'],
  truncated: ['cut', 'bad'],
  reset: ['cut', 'bad'],
  stalled: ['clock', 'bad'],
  damaged: ['torn', 'bad'],
}

/** How an ending is meant: `good`, `warn` or `bad`; also the names of the colours. */
export const toneOf = (word: EndingName): Tone => LOOKS[word][1]

interface Props {
  readonly word: EndingName
  /** What is to be read when one points at it. */
  readonly why?: string | undefined
  /** Without a border: for rows, where a border would be noise. */
  readonly plain?: boolean
}

export function Ending({ word, why, plain = false }: Props) {
  const [icon, tone] = LOOKS[word]
  return (
    <span class={`ending ${tone}${plain ? '' : ' pill'}`} title={why}>
      <Icon name={icon} />
      <span>{word}</span>
    </span>
  )
}
