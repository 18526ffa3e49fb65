/** Two fixtures, or one and what git has of it, beside each other. */
import type { ComponentChildren } from 'preact'
import type { Change } from '../../server/fixture/words.ts'
import type { Compared, View } from '../../server/serve/page/data.ts'
import { address, addressOf } from '../app/address.ts'
import { useLoaded } from '../app/loaded.ts'
import { RefusedError, source } from '../app/source.ts'
import { Sentence, There } from '../app/there.tsx'
import { Card } from '../parts/card.tsx'
import { counted } from '../parts/format.ts'
import { usageOf } from './figures.ts'
import { Head, type Pair } from './head.tsx'
import { Members } from './members.tsx'
import { Records } from './records.tsx'
import { Figures } from './table.tsx'
import { Timelines } from './timelines.tsx'
import { idOf } from './verdict-line.tsx'
import { type Part, verdictOf } from './verdict.ts'
import { Words } from './words.tsx'

export function CompareView({ name, other }: { readonly name: string; readonly other?: string | undefined }) {
  if (name === '') {
    return (
      <Sentence title="Nothing is chosen" text="Choose a fixture in the list, and compare it from there.">
        <a class="button" href={addressOf(['fixtures'])}>
          All fixtures
        </a>
      </Sentence>
    )
  }
  const revision = address.value.query.get('revision') || 'HEAD'
  return <Asked name={name} other={other} revision={revision} />
}

function Asked(pair: Pair) {
  const { name, other, revision } = pair
  const loaded = useLoaded(JSON.stringify([name, other, revision]), () =>
    other === undefined ? source.compareWithGit(name, revision) : source.compare(name, other),
  )
  const now = loaded.value
  return (
    <div class="compare">
      <Head {...pair} compared={now.state === 'there' ? now.data : undefined} />
      {now.state === 'refused' && now.error instanceof RefusedError && now.error.status === 404 ? (
        <Sentence title="These cannot be compared" text={now.error.message} />
      ) : (
        <There loaded={loaded} what="both sides">
          {(compared) => <Sections {...compared} />}
        </There>
      )}
    </div>
  )
}

function Sections(compared: Compared) {
  const { words, comparison, reasoning } = compared
  const notes = new Map(verdictOf(compared).parts.map(({ name, note }) => [name, note]))
  const card = (name: Part['name'], content: ComponentChildren) =>
    notes.has(name) && (
      <Place name={name}>
        <Card title={name} note={notes.get(name)}>
          {content}
        </Card>
      </Place>
    )
  const usage = usageOf(compared)
  const text = textIn(compared.after)
  return (
    <>
      <Timelines {...compared} />
      <div class="sections">
        <div class="main-part">
          {(text !== '' || comparison.answer.length > 0) && (
            <Place name="Text">
              <Card title="Text" note={notes.get('Text') ?? `the same, ${counted(text.length, 'character')}`}>
                <Words changes={comparison.answer.length > 0 ? comparison.answer : unchanged(text)} />
              </Card>
            </Place>
          )}
          {card('Reasoning', <Words changes={reasoning} />)}
          {card('Output', <Members members={words.output} />)}
          {card('Body', <Members members={words.body} />)}
        </div>
        <div class="side-part">
          {card('Request', <Members members={words.request} />)}
          {card('Ending', <Members members={words.ending} />)}
          {card('Headers', <Members members={words.headers} />)}
          {usage.length > 0 && (
            <Place name="Usage">
              <Card title="Usage" note={notes.get('Usage') ?? 'the same'}>
                <Figures label="Tokens, as the API counted them" figures={usage} />
              </Card>
            </Place>
          )}
        </div>
      </div>
      <Place name="Records">
        <Records {...compared} />
      </Place>
    </>
  )
}

const Place = ({ name, children }: { readonly name: Part['name']; readonly children: ComponentChildren }) => (
  <div id={idOf(name)} class="place" tabIndex={-1}>
    {children}
  </div>
)

const unchanged = (text: string): Change[] => [{ kind: 'kept', text }]

/** The text of the answer. */
const textIn = ({ blocks, pieces }: View): string =>
  pieces.text.filter((_text, index) => blocks[pieces.block[index] ?? -1]?.kind === 'text').join('')
