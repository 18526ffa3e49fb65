/** Writes down which fixture another one continues, where a run was ended before it could. */
import { passDamage } from '../fixture/damage.ts'
import type { Store } from '../store/store.ts'
import { linked } from './holders.ts'

/** @returns how many fixtures name the one that they continue now, and did not before */
export async function link(store: Store): Promise<number> {
  const { candidates } = await store.survey()
  const before = new Set(candidates)
  let count = 0
  for (const { name, key, follows } of linked(candidates).filter((each) => !before.has(each))) {
    const stamp = await store.stamp(name)
    const fixture = await store.read(name).catch(passDamage)
    if (fixture?.key === key && (await store.replace(name, { ...fixture, follows }, stamp))) count++
  }
  return count
}
