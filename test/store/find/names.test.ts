/** What is made of a listing. */
import { expect, test } from 'vitest'
import { systemClock } from '../../../server/base/clock.ts'
import type { Page } from '../../../server/store/driver.ts'
import { createLister } from '../../../server/store/find/names.ts'

const PART = '0123456789ab'

/** A listing of one page, as a directory gives it, or an engine. */
async function listed(names: readonly string[], place: { readonly dir?: string } = { dir: 'fixtures' }) {
  const asked: string[] = []
  const page: Page = { entries: names.map((name) => ({ name })) }
  const list = async function* (_prefix = '', after = '') {
    asked.push(after)
    yield page
  }
  const look = createLister({ list, ...place }, systemClock)
  const [one, again] = [await look(), await look()]
  return { one, again, asked }
}

test.each([
  [`say-hi-${PART}.jsonl`, PART],
  [`say-hi-${PART}.2.jsonl`, PART],
  [`chat/say-hi-${PART}.999999.jsonl`, PART],
  [`-${PART}.jsonl`, PART],
  [`say-hi-${PART}.02.jsonl`, ''],
  [`say-hi-${PART}..jsonl`, ''],
  [`say-hi-${PART.toUpperCase()}.jsonl`, ''],
  [`say-hi${PART}.jsonl`, ''],
  ['renamed.jsonl', ''],
  ['12.jsonl', ''],
  ['.jsonl', ''],
])('%s ends with %j of a key', async (name, part) => {
  const { one } = await listed([name])
  expect(one.with(part)).toEqual([name])
  expect(one.with(part === '' ? PART : '')).toEqual([])
})

test('tells fixtures, further takes and what stands beside; asked again it is the same', async () => {
  const [first, second, other, beside] = [`a-${PART}.jsonl`, `a-${PART}.2.jsonl`, 'b.jsonl', `a-${PART}.bin`]
  const { one, again } = await listed([second, beside, first, other, 'README.md'])
  expect(one.names()).toEqual([second, first, other])
  expect(one).toMatchObject({ beside: [beside], further: [second], unknown: [] })
  expect(again.with(PART)).toEqual(one.with(PART))
  expect(one.with(PART)).toEqual([second, first])
})

test('the index of an engine is not listed', async () => {
  expect((await listed([], {})).asked).toEqual(['/', '/'])
  expect((await listed([])).asked).toEqual(['', ''])
})
