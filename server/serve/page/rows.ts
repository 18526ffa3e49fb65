/** The list of the fixtures, as the page is told it. */
import { apiNamed } from '../../api/index.ts'
import { type Clock } from '../../base/clock.ts'
import { isDamage } from '../../fixture/damage.ts'
import { damagedOf, listedOf } from '../../fixture/listed.ts'
import { summarize } from '../../fixture/summary.ts'
import { byTake } from '../../fixture/take.ts'
import type { Store } from '../../store/store.ts'
import type { PageSources } from './api.ts'
import type { Row } from './data.ts'
import { askedIn } from './view.ts'

export function createRows(store: Store, _clock: Clock): Pick<PageSources, 'rows' | 'search'> {
  const rowOf = async (name: string): Promise<Row> => {
    try {
      const fixture = await store.read(name)
      const summary = summarize(fixture)
      return { ...listedOf(fixture, summary), asked: askedIn(fixture) }
    } catch (error) {
      if (isDamage(error)) return damagedOf(name, error instanceof Error ? error.message : '')
      throw error
    }
  }
  return {
    async rows(after, limit) {
      const names = (await store.list()).toSorted(byTake)
      const from = names.findIndex((name) => after === '' || byTake(name, after) > 0)
      const part = from === -1 ? [] : names.slice(from, from + limit)
      const rows: Row[] = []
      for (const name of part) rows.push(await rowOf(name))
      const next = part.at(-1)
      return { total: names.length, rows, ...(next !== undefined && next !== names.at(-1) && { next }) }
    },
    async search(words) {
      const found: string[] = []
      const wanted = words.toLowerCase().split(/\s+/)
      for (const name of await store.list()) {
        const fixture = await store.read(name).catch(() => undefined)
        if (!fixture) continue
        const text = `${name}\n${fixture.requestText}\n${apiNamed(fixture.api).lastUserText(fixture.request)}\n${summarize(fixture).answer}`
        if (wanted.every((word) => text.toLowerCase().includes(word))) found.push(name)
      }
      return found
    },
  }
}
