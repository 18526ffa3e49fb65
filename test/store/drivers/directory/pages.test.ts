/** A listing that is kept, as names come and go in it. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { systemClock } from '../../../../server/base/clock.ts'
import type { Page } from '../../../../server/store/driver.ts'
import { indexFor } from '../../../../server/store/drivers/directory/folder.ts'
import { createWhole, pagesFrom } from '../../../../server/store/drivers/directory/pages.ts'

async function gathered(pages: AsyncIterable<Page>): Promise<Page[]> {
  const all: Page[] = []
  for await (const page of pages) all.push(page)
  return all
}

const namesIn = (pages: readonly Page[]) => pages.flatMap(({ entries }) => entries.map(({ name }) => name))

/** One folder with these names, and what changes it. */
function setUp(names: readonly string[]) {
  const entries = names.toSorted()
  const folders = new Map([['', { contents: { entries, below: [], linked: [], temporary: [], isVague: false } }]])
  const whole = createWhole(folders, systemClock)
  const change = (name: string, isThere: boolean) => {
    const at = indexFor(entries, name)
    const isKnown = entries[at] === name
    if (isThere && !isKnown) entries.splice(at, 0, name)
    if (!isThere && isKnown) entries.splice(at, 1)
    whole.changed(name, isThere)
  }
  const anew = async () => namesIn(await gathered(pagesFrom(folders, '', '', systemClock)))
  return { whole, change, anew }
}

test('whatever comes and goes, it has what a new listing has, in order', async () => {
  const name = fc.stringMatching(/^[a-z0-9]{1,3}$/).map((word) => `${word}.jsonl`)
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(name), fc.array(fc.tuple(name, fc.boolean())), async (names, changes) => {
      const { whole, change, anew } = setUp(names)
      await gathered(whole.pages())
      for (const [each, isThere] of changes) change(each, isThere)
      expect(namesIn(await gathered(whole.pages()))).toEqual(await anew())
    }),
  )
})

test('of many pages only the one is another in which a name comes, goes, or stays', async () => {
  const names = Array.from({ length: 900 }, (_, index) => `n-${String(index).padStart(5, '0')}.jsonl`)
  const { whole, change, anew } = setUp(names)
  const before = await gathered(whole.pages())
  expect(before).toHaveLength(4)
  change('n-00400a.jsonl', true)
  const after = await gathered(whole.pages())
  expect(after.map((page, index) => page === before[index])).toEqual([true, false, true, true])
  change('n-00600.jsonl', false)
  change('a.jsonl', true)
  expect((await gathered(whole.pages()))[3]).toBe(before[3])
  expect(namesIn(await gathered(whole.pages()))).toEqual(await anew())
  whole.forget()
  expect((await gathered(whole.pages()))[3]).not.toBe(before[3])
})
