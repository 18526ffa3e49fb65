/** Work whose length a folder decides, in pieces: between them everything else of the process has its turn. */
import { type Clock, nextTurn } from '../base/clock.ts'

/** How long a piece may take, in ms. */
const PIECE_MS = 4

/** Makes what is awaited between two steps: it gives the turn away if the piece has been long enough. */
export function createPieces(clock: Pick<Clock, 'now'>): () => Promise<void> | undefined {
  let began = clock.now()
  return () => {
    if (clock.now() - began < PIECE_MS) return undefined
    return nextTurn().then(() => void (began = clock.now()))
  }
}

/** How many texts are sorted in one go. */
const SORTED_AT_ONCE = 1000

/** The texts in order, without a piece that holds up others. */
export async function sortInPieces(texts: readonly string[], clock: Pick<Clock, 'now'>): Promise<string[]> {
  const pause = createPieces(clock)
  let runs: string[][] = []
  for (let start = 0; start < texts.length; start += SORTED_AT_ONCE) {
    runs.push(texts.slice(start, start + SORTED_AT_ONCE).toSorted())
    await pause()
  }
  while (runs.length > 1) {
    const merged: string[][] = []
    for (let index = 0; index < runs.length; index += 2) {
      merged.push(await merge(runs[index] ?? [], runs[index + 1] ?? [], pause))
    }
    runs = merged
  }
  return runs[0] ?? []
}

async function merge(
  left: readonly string[],
  right: readonly string[],
  pause: () => Promise<void> | undefined,
): Promise<string[]> {
  const all: string[] = []
  let [at, other] = [0, 0]
  while (at < left.length || other < right.length) {
    const [a, b] = [left[at], right[other]]
    if (b === undefined || (a !== undefined && a <= b)) {
      if (a !== undefined) all.push(a)
      at++
    } else {
      all.push(b)
      other++
    }
    if (all.length % SORTED_AT_ONCE === 0) await pause()
  }
  return all
}
