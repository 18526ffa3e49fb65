/** What tests of the page's data need: the sources over a folder, and a browser's way to replay. */
import { createHash } from 'node:crypto'
import { systemClock } from '../../../server/base/clock.ts'
import { type Options, configOf } from '../../../server/serve/config.ts'
import type { Replay, View } from '../../../server/serve/page/data.ts'
import { type Sources, createSources } from '../../../server/serve/page/sources.ts'
import { openFixtures } from '../../../server/store/index.ts'
import { connect } from '../../kit/client.ts'

/** The sources of a server that replays from a folder. */
export function sourcesOf(fixturesDir: string, options: Options = {}): Sources {
  const config = configOf({ ...options, fixturesDir })
  const { store, redactor } = openFixtures(config, systemClock)
  return createSources({ config, store, redactor, clock: systemClock })
}

/** What a browser gets that replays a fixture: the frames of a chat; the name of the fixture and the bytes over HTTP. */
export async function replayed(url: string, replay: Replay) {
  if (replay.how === 'none') return { why: replay.why }
  if (replay.how === 'chat') {
    const chat = await connect(`${url}/ws-stream`)
    chat.send(replay.message)
    await chat.turn()
    await chat.close()
    return { frames: chat.transcript }
  }
  const { method, target, headers, body } = replay
  const init = { method, headers: headers.map(([name, value]): [string, string] => [name, value]), body: body ?? null }
  const response = await fetch(`${url}${target}`, init)
  const bytes = Buffer.from(await response.arrayBuffer().catch(() => new ArrayBuffer()))
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { fixture: response.headers.get('x-deltatape-fixture'), status: response.status, sha256 }
}

/** All frames of a view, in the order in which a chat client gets them. */
export const framesOf = ({ frames }: View): readonly string[] => [...(frames?.of.flat() ?? []), ...(frames?.last ?? [])]

/** What a browser gets that replays a fixture as it is told. */
export const meant = (view: View) => {
  if (view.replay.how === 'chat') return { frames: framesOf(view) }
  return { fixture: view.name, status: view.status, sha256: view.sha256 }
}
