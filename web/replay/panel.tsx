/** Replay: a fixture played again as any client would, beside what was recorded. */
import type { ReadonlySignal } from '@preact/signals'
import { forShell } from '../../server/base/shell.ts'
import type { Status, View } from '../../server/serve/page/data.ts'
import { useLoaded } from '../app/loaded.ts'
import { exported, source } from '../app/source.ts'
import { There } from '../app/there.tsx'
import { Card } from '../parts/card.tsx'
import { Copy } from '../parts/copy.tsx'
import { Icon } from '../parts/icons.tsx'
import { Text } from '../parts/text.tsx'
import { FaultChoice, PaceSelect, chosen } from './controls.tsx'
import type { Replayed } from './expected.ts'
import { summaryOf } from './said.ts'
import { type Playing, useSession } from './session.ts'
import { Differs, Numbers, Texts } from './sides.tsx'
import { Strips } from './strips.tsx'
import { Verdicts } from './verdicts.tsx'

interface Props {
  readonly view: View
  /** How many records the play head has passed. */
  readonly head: ReadonlySignal<number>
}

/** In a page without a server there is nothing that could replay. */
export const ReplayPanel = (props: Props) => (exported ? null : <Served {...props} />)

function Served({ view, head }: Props) {
  const status = useLoaded('status', source.status)
  const { replay } = view
  if (replay.how === 'none') return <Not why={replay.why} />
  return (
    <There loaded={status} what="what the server does">
      {(known) =>
        known.mode === 'replay' ? (
          <Ready view={view} head={head} replay={replay} status={known} />
        ) : (
          <Not
            why={`This server is in ${known.mode} mode: a replay would call the API. One that replays: ${known.serve}`}
          />
        )
      }
    </There>
  )
}

const Not = ({ why }: { readonly why: string }) => (
  <Card title="Replay" class="replay">
    <p class="told-why">
      <Text text={why} most={2000} />
    </p>
  </Card>
)

interface ReadyProps extends Props {
  readonly replay: Replayed
  readonly status: Status
}

function Ready({ view, head, replay, status }: ReadyProps) {
  const session = useSession(view)
  const isBusy = session.isBusy.value
  const playing = session.playing.value
  const { pace, fault } = chosen()
  const play = (): void => session.play(replay, { pace, fault }, status.fault)
  return (
    <Card title="Replay" note={howOf(replay)} class="replay">
      <div class="choices">
        <PaceSelect />
        <FaultChoice view={view} head={head} />
        <button type="button" class="button main play" onClick={isBusy ? session.stop : play}>
          <Icon name={isBusy ? 'stop' : 'play'} />
          {isBusy ? 'Stop' : 'Replay'}
        </button>
      </div>
      {fault !== '' && <Command text={`${status.serve} --fault ${forShell(fault)}`} />}
      {fault === '' && status.fault !== undefined && (
        <p class="told-why">
          This server breaks every answer: <code>FAULT={status.fault}</code>.
        </p>
      )}
      {playing && <Result view={view} playing={playing} />}
      <p class="unseen" role="status">
        {playing && (playing.facts.heard.end ? summaryOf(playing.facts.heard) : 'The replay began.')}
      </p>
    </Card>
  )
}

/** The same fault for every client of a server. */
const Command = ({ text }: { readonly text: string }) => (
  <p class="asked">
    <code>
      <Text text={text} line />
    </code>
    <Copy text={text} what="the command" />
  </p>
)

const Result = ({ view, playing }: { readonly view: View; readonly playing: Playing }) => (
  <div class="result">
    <Strips view={view} playing={playing} />
    <div class="beside">
      <Numbers view={view} playing={playing} />
      <Verdicts facts={playing.facts} />
    </div>
    <Differs facts={playing.facts} />
    <Texts view={view} facts={playing.facts} />
  </div>
)

function howOf(replay: Replayed) {
  const what = replay.how === 'chat' ? 'a turn of /ws-stream' : `${replay.method} ${replay.target}`
  return (
    <>
      as <Text text={what} most={120} line />
      {replay.take > 1 && `, take ${replay.take}`}
    </>
  )
}
