/** The recording and the replay beside each other: what they are in numbers, and their text. */
import type { ComponentChildren } from 'preact'
import type { View } from '../../server/serve/page/data.ts'
import { Ending } from '../parts/ending.tsx'
import { NONE, bytes, duration, number } from '../parts/format.ts'
import { Icon } from '../parts/icons.tsx'
import { Text } from '../parts/text.tsx'
import { recordsIn } from './expected.ts'
import type { Heard } from './heard.ts'
import { besideText, differingIn, endOf, recordedBesideText } from './said.ts'
import type { Facts } from './facts.ts'
import type { Playing } from './session.ts'

interface Props {
  readonly view: View
  readonly facts: Facts
}

interface NumbersProps {
  readonly view: View
  readonly playing: Playing
}

export function Numbers({ view, playing: { facts, elapsed } }: NumbersProps) {
  const { heard } = facts
  const isChat = heard.expected.how === 'chat'
  const end = endOf(heard)
  const rows: readonly (readonly [string, ComponentChildren, ComponentChildren])[] = [
    isChat
      ? ['Frames', number(heard.expected.frames.length), number(heard.length)]
      : ['Bytes', bytes(heard.expected.body.length), bytes(heard.bytes)],
    ['First text', duration(view.firstDeltaMs), duration(firstTextOf(heard))],
    ['Took', duration(view.durationMs), duration(elapsed)],
    [
      'End',
      <Ending key="end" word={view.ending} plain />,
      end ? (
        <span class={`ending ${end.tone}`}>
          <Icon name={end.tone === 'good' ? 'check' : 'warning'} />
          <Text text={end.word} line />
        </span>
      ) : (
        NONE
      ),
    ],
  ]
  return (
    <table class="numbers">
      <thead>
        <tr>
          <td />
          <th scope="col">Recorded</th>
          <th scope="col">Replayed</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([what, recorded, replayed]) => (
          <tr key={what}>
            <th scope="row">{what}</th>
            <td>{recorded}</td>
            <td>{replayed}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** When the first text came: of a body it is known by the records that came whole. */
function firstTextOf({ expected, firstText, at, until }: Heard): number | undefined {
  if (expected.how === 'chat') return firstText
  const record = expected.chars.findIndex((chars) => chars > 0)
  return record === -1 ? undefined : at[until.findIndex((length) => length >= (expected.until[record] ?? 0))]
}

/** How much text came: of a body it is known as far as its bytes are the recorded ones. */
function textOf({ expected, text, difference, length }: Heard): string {
  if (expected.how === 'chat') return text
  const records = recordsIn(expected, difference ?? length)
  return expected.text.slice(0, expected.chars[records - 1] ?? 0)
}

export function Texts({ view, facts: { heard } }: Props) {
  const { expected } = heard
  const came = textOf(heard)
  const isSame = expected.text.startsWith(came)
  return (
    <div class="texts">
      <Side title="Recorded" beside={recordedBesideText(view, heard)}>
        <Text text={isSame ? came : expected.text} />
        {isSame && (
          <span class="ahead">
            <Text text={expected.text.slice(came.length)} />
          </span>
        )}
      </Side>
      <Side title="Replayed" beside={besideText(heard)}>
        <Text text={came} />
      </Side>
    </div>
  )
}

function Side({
  title,
  beside,
  children,
}: {
  readonly title: string
  readonly beside: string | undefined
  readonly children: ComponentChildren
}) {
  return (
    <div class="side">
      <h3>{title}</h3>
      <div class="text-box" tabIndex={0} role="group" aria-label={`${title}: the text`}>
        <p dir="auto">{children}</p>
        {beside !== undefined && (
          <pre>
            <Text text={beside} most={4000} />
          </pre>
        )}
      </div>
    </div>
  )
}

export function Differs({ facts }: { readonly facts: Facts }) {
  const differing = differingIn(facts)
  if (!differing) return null
  const { where, recorded, came, meant } = differing
  return (
    <section class={`differs ${meant ? 'meant' : ''}`} aria-label="Where it differs">
      <p class={meant ? undefined : 'bad'}>
        <Icon name={meant ? 'info' : 'warning'} /> {where}
      </p>
      {(recorded !== undefined || came !== undefined) && (
        <dl>
          <dt>recorded</dt>
          <dd>{recorded === undefined ? 'nothing' : <Text text={recorded} most={300} line />}</dd>
          <dt>replayed</dt>
          <dd>{came === undefined ? 'nothing' : <Text text={came} most={300} line />}</dd>
        </dl>
      )}
    </section>
  )
}
