/** A model that writes down what another one answers, while it is being answered. */
import type { Batch } from '../api/record.ts'
import { ModelError } from '../api/ending.ts'
import { withoutLength } from '../api/headers.ts'
import { fresh } from '../base/memo.ts'
import type { Store } from '../store/store.ts'
import { type Answer, type Model, UnansweredError } from './model.ts'
import { type Recording, type RecordOptions, startRecording } from './recording.ts'
import { createTapes } from './tape.ts'

/**
 * Makes a model that saves the answers of `model`. Records are handed on as they come, but for those that may end the
 * answer: they follow once the fixture is on the disk, so that whoever has seen the end can rely on the recording.
 */
export function record(model: Model, store: Store, options: RecordOptions): Model {
  const tapes = createTapes(options.maxRecordingBytes)
  return async (call, signal): Promise<Answer> => {
    const tape = tapes.open()
    const identity = await store.identify(call)
    const take = options.takes.begin(call, identity.key)
    const recording = startRecording({ call, identity, tape, take }, store, options)
    const own = ownSignal(signal, () => options.recordFailures && recording.mayBeOver)
    const release = () => {
      own.release()
      tape.close()
    }
    try {
      const answer = await model(call, own.signal)
      recording.head(answer.head)
      return {
        head: {
          status: answer.head.status,
          // It may be known with the first record only.
          get framing() {
            return answer.head.framing
          },
          // A length would say that the answer is over before its fixture is there. Of HEAD it says how long another one is.
          headers: call.method === 'HEAD' ? answer.head.headers : withoutLength(answer.head.headers),
        },
        get action() {
          return recording.action
        },
        records: handOn(answer.records, recording, signal, release),
      }
    } catch (error) {
      await recording.failed(error, signal)
      release()
      if (!(error instanceof ModelError) || !recording.action) throw error
      throw new UnansweredError(error.failure, recording.action, { cause: error })
    }
  }
}

/** A client that has its terminal frame hangs up; a recording of a failure keeps what the API still sends. */
function ownSignal(client: AbortSignal, goesOn: () => boolean) {
  const own = new AbortController()
  const follow = () => {
    if (!goesOn()) own.abort(client.reason)
  }
  client.addEventListener('abort', follow, { once: true })
  if (client.aborted) follow()
  return { signal: own.signal, release: () => client.removeEventListener('abort', follow) }
}

async function* handOn(
  records: Answer['records'],
  recording: Recording,
  signal: AbortSignal,
  release: () => void,
): AsyncGenerator<Batch, void> {
  /** What may be the end, and waits until the fixture is there. */
  let held: Batch[] = []
  try {
    for await (const batch of records) {
      const open = recording.take(batch.items)
      if (open === 0) {
        held.push(batch)
        continue
      }
      // What was held turned out not to be the end.
      yield* held
      held = []
      if (open === batch.items.length) yield batch
      else {
        yield fresh(batch.items.slice(0, open))
        held.push(fresh(batch.items.slice(open)))
      }
    }
    await recording.ended()
  } catch (error) {
    await recording.failed(error, signal)
    yield* held
    throw error
  } finally {
    release()
  }
  yield* held
}
