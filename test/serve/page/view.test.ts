import { readFile, readdir } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { summarize } from '../../../server/fixture/summary.ts'
import { openTestStore } from '../../kit/tools.ts'
import { sourcesOf } from './kit.ts'

const names = (await readdir('fixtures')).filter((name) => name.endsWith('.jsonl'))
const sources = sourcesOf('fixtures')
const store = openTestStore('fixtures')

test.each(names)('%s as the page is told it says what the fixture says', async (name) => {
  const [view, fixture] = [await sources.view(name), await store.read(name)]
  const { records, pieces, blocks } = view
  expect(records.wire).toEqual(fixture.records.map(({ wire }) => wire))
  expect(records.at).toEqual(fixture.records.map(({ at }) => at))
  expect(pieces.record.map((record) => record < records.wire.length)).not.toContain(false)
  const texts = pieces.text.filter((_text, index) => blocks[pieces.block[index] ?? -1]?.kind === 'text')
  expect(texts.join('')).toBe(summarize(fixture).answer)
  const file = await readFile(`fixtures/${name}`, 'utf8')
  expect(view.last).toBe(file.trimEnd().split('\n').at(-1))
})
