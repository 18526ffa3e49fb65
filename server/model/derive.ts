/** A model that answers a call in another form than it was recorded in, if nothing has to be invented for it. */
import type { Call } from '../api/call.ts'
import { type AnswerRecord, eventsIn } from '../api/record.ts'
import { fresh } from '../base/memo.ts'
import type { Playback } from '../store/read/playback.ts'
import type { Store } from '../store/store.ts'
import type { Answer, Model } from './model.ts'

/**
 * Makes a model that answers a call which does not stream, and has no fixture of its own, from the fixture of the same
 * call that streams.
 *
 * @param accepts which fixtures count
 */
export function derive(model: Model, store: Store, accepts: (playback: Playback) => boolean): Model {
  const counts = async (asked: Call): Promise<boolean> => {
    const playback = await store.playback(await store.identify(asked))
    return playback !== undefined && accepts(playback)
  }
  /** The same call asking for a stream, by its bytes; nothing if it does already. */
  const streams = new WeakMap<Call['content'], Call['content'] | typeof NONE>()
  const fromStream: Model = async (call, signal) => {
    const content = streams.get(call.content) ?? (await streamOf(call, store))
    streams.set(call.content, content)
    if (content === NONE) return model(call, signal)
    const streamed = { ...call, content }
    if (await counts(call)) return model(call, signal)
    if (!(await counts(streamed))) return model(call, signal)
    return gathered(await model(streamed, signal), call)
  }
  return (call, signal) => {
    // What a client wants to be answered is written in the form that it asks for.
    const isItself = call.wanted !== undefined || !call.api.inOne || streams.get(call.content) === NONE
    return (isItself ? model : fromStream)(call, signal)
  }
}

const NONE = 'none'

/** The body of the same call, asking for a stream; `NONE` if it does already, or its API does not say how. */
async function streamOf(call: Call, store: Pick<Store, 'identify'>): Promise<Call['content'] | typeof NONE> {
  const { request } = await store.identify(call)
  const text = call.api.inOne?.request(call, request)
  return text === undefined ? NONE : Buffer.from(text)
}

/** The answer as the JSON body that its events amount to. */
async function gathered({ head, action, records }: Answer, { api }: Call): Promise<Answer> {
  if (head.status >= 400 || !api.inOne) return { head, action, records }
  const all: AnswerRecord[] = []
  for await (const { items } of records) all.push(...items)
  const { status, text } = api.inOne.answer(eventsIn(all))
  return {
    head: { status, headers: [['content-type', 'application/json']], framing: 'json' },
    action: action && { ...action, derived: 'stream' },
    records: [fresh([{ at: all.at(-1)?.at ?? 0, wire: text }])],
  }
}
