/** An answer as it was recorded, but for what it repeats of its call: it repeats what the call of now says. */
import type { Ties } from '../api/api.ts'
import { type Call, contentText } from '../api/call.ts'
import { dataOf } from '../api/framing/framing.ts'
import { isStream, rewritten } from '../api/framing/index.ts'
import { type AnswerRecord, type Batch, textOf } from '../api/record.ts'
import { fresh } from '../base/memo.ts'
import type { Playback } from '../store/read/playback.ts'
import type { Answer } from './model.ts'

type Parts = Answer['records']

/** The parts of a playback as the answer to a call; the very same if it repeats nothing, or the call says the same. */
export function retied(playback: Playback, call: Call): ReturnType<Playback['parts']> {
  const parts = playback.parts()
  const { response, ties: from } = playback
  const { ties } = call.api
  if (!from || !ties || !response) return parts
  const to = ties.of(contentText(call))
  if ([...from].every(([place, was]) => to.get(place) === was)) return parts
  const change = (text: string): string => ties.retied(text, from, to)
  return isStream(response.framing) ? byRecord(parts, change) : inOne(parts, change)
}

type Change = (text: string) => ReturnType<Ties['retied']>

async function* byRecord(parts: Parts, change: Change): AsyncGenerator<Batch, void> {
  for await (const { items } of parts) {
    yield fresh(
      items.map((record) => {
        const text = dataOf(record)
        const changed = text === undefined ? text : change(text)
        return changed === text || changed === undefined ? record : rewritten(record, changed, (around) => around)
      }),
    )
  }
}

/** JSON that came in pieces means something as a whole alone. */
async function* inOne(parts: Parts, change: Change): AsyncGenerator<Batch, void> {
  const all: AnswerRecord[] = []
  for await (const { items } of parts) all.push(...items)
  const text = textOf(all)
  const changed = text === undefined ? text : change(text)
  yield fresh(changed === text || changed === undefined ? all : [{ at: all.at(-1)?.at ?? 0, wire: changed }])
}
