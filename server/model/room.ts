/** A model that makes room for calls before they are read: a body becomes several times as large, and takes its time. */
import type { Call } from '../api/call.ts'
import { nextTurn } from '../base/clock.ts'
import type { DeltatapeError } from '../base/errors.ts'
import { createOrder } from '../base/shared.ts'
import { weighInTurns } from '../base/weight.ts'
import type { Model } from './model.ts'

/** The most that a body of JSON becomes when it is read, as a multiple of its size; a small one is not worth counting. */
const MOST_PARSED = 32

const SMALL_BYTES = 4096

/** From this size on calls are read one at a time: what that takes for a while is taken once, however many come. */
const LARGE_BYTES = 64 * 1024

/**
 * Makes a model that answers as `model` does.
 *
 * @param read reads a call; what it made of it is remembered as long as the call is there
 */
export function withRoom(model: Model, read: (call: Call) => Promise<unknown>): Model {
  const inOrder = createOrder()
  const weighed: Model = async (call, signal) => {
    const { byteLength } = call.content
    const refusal = take(call, byteLength + (await parsedWeightOf(call)))
    if (refusal) throw refusal
    if (byteLength < LARGE_BYTES) return model(call, signal)
    await inOrder('', async () => {
      await nextTurn()
      // Whoever has left meanwhile holds up nobody.
      signal.throwIfAborted()
      await read(call)
      await nextTurn()
    })
    return model(call, signal)
  }
  return (call, signal) => {
    const { byteLength } = call.content
    if (byteLength > SMALL_BYTES) return weighed(call, signal)
    const refusal = take(call, MOST_PARSED * byteLength)
    return refusal ? Promise.reject(refusal) : model(call, signal)
  }
}

/** Charges what becomes of a body when it is read, until the call is over; gives `busy` or `too_large` if there is no room. */
const take = ({ account }: Call, weight: number): DeltatapeError | undefined =>
  account && !account.take(weight) ? account.refusal(weight) : undefined

/** What the value takes that is read from the body of a call. Calls that are not charged are not weighed. */
async function parsedWeightOf({ account, content }: Call): Promise<number> {
  if (!account) return 0
  const { buffer, byteOffset, byteLength } = content
  return weighInTurns(Buffer.from(buffer, byteOffset, byteLength).toString('latin1'))
}
