/** Replay: a fixture played again as any client would, beside what was recorded. */
import type { ReadonlySignal } from '@preact/signals'
import type { Status, View } from '../../server/serve/page/data.ts'
import { useLoaded } from '../app/loaded.ts'
import { exported, source } from '../app/source.ts'
import { There } from '../app/there.tsx'
import { Card } from '../parts/card.tsx'
import { Icon } from '../parts/icons.tsx'
import { Text } from '../parts/text.tsx'
import { FaultCommands } from './commands.tsx'
import { FaultChoice, PaceSelect, chosen } from './controls.tsx'
import type { Replayed } from './expected.ts'
import { type Session, useSession } from './session.ts'
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
            why={`This server is in ${known.mode} mode: a replay would call the API, and may cost money. It is offered by a server in replay mode: npx deltatape serve`}
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
  const isBusy = session.phase.value !== 'idle'
  const { pace, fault } = chosen()
  return (
    <Card title="Replay" note={howOf(replay)} class="replay">
      <div class="choices">
        <PaceSelect disabled={isBusy} />
        <FaultChoice view={view} head={head} disabled={isBusy} />
        <PlayButton session={session} onPlay={() => session.play(replay, { pace, fault }, status.fault)} />
      </div>
      {fault !== '' && <FaultCommands fault={fault} />}
      {fault === '' && status.fault !== undefined && (
        <p class="told-why">
          This server breaks every answer: <code>FAULT={status.fault}</code>. A replay is broken, too.
        </p>
      )}
      <Result view={view} session={session} />
      <p class="unseen" role="status">
        {session.said}
      </p>
    </Card>
  )
}

function PlayButton({ session, onPlay }: { readonly session: Session; readonly onPlay: () => void }) {
  const isBusy = session.phase.value !== 'idle'
  return (
    <button type="button" class="button main play" onClick={isBusy ? session.stop : onPlay}>
      <Icon name={isBusy ? 'stop' : 'play'} />
      {isBusy ? 'Stop' : 'Replay'}
    </button>
  )
}

function Result({ view, session }: { readonly view: View; readonly session: Session }) {
  const playing = session.playing.value
  if (!playing) {
    return (
      <p class="told-why">
        The server plays it under a name of its own, as it would for any client. What comes is drawn beside the
        recording, and what always holds is checked.
      </p>
    )
  }
  const { facts, elapsed } = playing
  return (
    <div class="result">
      <Strips view={view} playing={playing} />
      <div class="beside">
        <Numbers view={view} facts={facts} elapsed={elapsed} />
        <Verdicts facts={facts} />
      </div>
      <Differs facts={facts} />
      <Texts view={view} facts={facts} />
    </div>
  )
}

function howOf(replay: Replayed) {
  const take = replay.take > 1 ? `, take ${replay.take}: those before it are played first, at once` : ''
  return replay.how === 'chat' ? (
    <>as a turn of /ws-stream{take}</>
  ) : (
    <>
      as <Text text={`${replay.method} ${replay.target}`} most={120} line />
      {take}
    </>
  )
}
