/** Two fixtures, or one and what git has of it, beside each other. */
import type { ComponentChildren } from 'preact'
import type { Change } from '../../server/fixture/words.ts'
import type { Compared } from '../../server/serve/page/data.ts'
import { address } from '../app/address.ts'
import { useLoaded } from '../app/loaded.ts'
import { source } from '../app/source.ts'
import { There } from '../app/there.tsx'
import { Card } from '../parts/card.tsx'
import { counted } from '../parts/format.ts'
import { answerOf } from '../parts/lanes.ts'
import { usageOf } from './figures.ts'
import { Head } from './head.tsx'
import { Measures } from './measures.tsx'
import { Members } from './members.tsx'
import { Records } from './records.tsx'
import { Timelines } from './timelines.tsx'
import { idOf } from './verdict-line.tsx'
import { type Part, verdictOf } from './verdict.ts'
import { Words } from './words.tsx'

export function CompareView({ name, other }: { readonly name: string; readonly other?: string | undefined }) {
  const revision = address.value.query.get('revision') || 'HEAD'
  const loaded = useLoaded(JSON.stringify([name, other, revision]), () =>
    other === undefined ? source.compareWithGit(name, revision) : source.compare(name, other),
  )
  const now = loaded.value
  return (
    <div class="compare">
      <Head name={name} other={other} revision={revision} compared={now.state === 'there' ? now.data : undefined} />
      <There loaded={loaded} what="both sides">
        {(compared) => <Sections {...compared} />}
      </There>
    </div>
  )
}

function Sections(compared: Compared) {
  const { words, comparison, reasoning, after } = compared
  const notes = verdictOf(compared)
  /** The card of a part that differs; of one that does not, if there is a word for it. */
  const card = (part: Part, content: ComponentChildren, same?: string) => {
    const note = notes.get(part) ?? same
    return (
      note !== undefined && (
        <div id={idOf(part)} class="place" tabIndex={-1}>
          <Card title={part} note={note} class={part === 'Records' ? 'both-records' : ''}>
            {content}
          </Card>
        </div>
      )
    )
  }
  const usage = usageOf(compared)
  const text = answerOf(after)
  const changes = comparison.answer.length > 0 ? comparison.answer : unchanged(text)
  return (
    <>
      <Timelines {...compared} />
      <div class="sections">
        <div class="main-part">
          {card(
            'Text',
            <Words changes={changes} />,
            text ? `the same, ${counted(text.length, 'character')}` : undefined,
          )}
          {card('Reasoning', <Words changes={reasoning} />)}
          {card('Output', <Members members={words.output} />)}
          {card('Body', <Members members={words.body} />)}
        </div>
        <div class="side-part">
          {card('Request', <Members members={words.request} />)}
          {card('Ending', <Members members={words.ending} />)}
          {card('Headers', <Members members={words.headers} />)}
          {card('Usage', <Measures figures={usage} />, usage.length > 0 ? 'the same' : undefined)}
        </div>
      </div>
      {card('Records', <Records {...compared} />, 'the same types in the same order')}
    </>
  )
}

const unchanged = (text: string): Change[] => [{ kind: 'kept', text }]
