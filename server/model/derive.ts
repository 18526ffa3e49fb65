/** A model that answers a call in another form than it was recorded in, if nothing has to be invented for it. */
import type { Call } from '../api/call.ts'
import { type AnswerRecord, eventsIn } from '../api/record.ts'
import { fresh } from '../base/memo.ts'
import type { Identity } from '../fixture/key.ts'
import type { Recording } from '../store/read/playback.ts'
import type { Store } from '../store/store.ts'
import type { Answer, Model } from './model.ts'

/**
 * Makes a model that answers a call which does not stream, and has no fixture of its own, from the fixture of the same
 * call that streams.
 *
 * @param accepts which fixtures count
 */
export function derive(model: Model, store: Store, accepts: (recording: Recording) => boolean): Model {
  const counts = async (asked: Call): Promise<boolean> => {
    const recording = await store.recording(await store.identify(asked))
    return recording !== undefined && accepts(recording)
  }
  const streamedFrom = createStreams(store)
  return async (call, signal) => {
    // What a client wants to be answered is written in the form that it asks for.
    const streamed = call.wanted ? undefined : await streamedFrom(call)
    if (!streamed) return model(call, signal)
    if (await counts(call)) return model(call, signal)
    if (!(await counts(streamed))) return model(call, signal)
    return gathered(await model(streamed, signal), call)
  }
}

/** Makes what gives the same call, asking for a stream; undefined if it does already, or its API does not say how. */
function createStreams(store: Pick<Store, 'identify'>): (call: Call) => Promise<Call | undefined> {
  const known = new WeakMap<Identity, Call['content'] | typeof NONE>()
  return async (call) => {
    const { inOne } = call.api
    if (!inOne) return undefined
    const identity = await store.identify(call)
    const before = known.get(identity)
    if (before) return before === NONE ? undefined : { ...call, content: before }
    const text = inOne.request(call, identity.request)
    const content = text === undefined ? undefined : Buffer.from(text)
    known.set(identity, content ?? NONE)
    return content && { ...call, content }
  }
}

const NONE = 'none'

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
