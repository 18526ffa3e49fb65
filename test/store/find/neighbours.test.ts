/** Which fixtures a call without one is compared with. */
import { expect, test } from 'vitest'
import { neighboursIn, neighboursOn } from '../../../server/store/find/neighbours.ts'

const named = (words: string, index = 0): string => `${words}-${index.toString(16).padStart(12, '0')}.jsonl`

/** An engine with these names, and an index before them. */
const engineOf = (names: readonly string[]) => ({
  async *list(prefix = '', after = '') {
    const all = ['.index/model/m', ...names].toSorted()
    yield { entries: all.filter((name) => name.startsWith(prefix) && name > after).map((name) => ({ name })) }
  },
})

const WANTED = named('say-hi-there', 99)

test('first those with the same words, then those with fewer, then any; the same in a directory and on an engine', async () => {
  const names = [
    named('ask'),
    named('say'),
    named('say-hi'),
    named('say-hi-there'),
    named('say-hi-there-friend'),
    'z.jsonl',
  ]
  const alike = [
    named('say-hi-there'),
    named('say-hi-there-friend'),
    named('say-hi'),
    named('say'),
    named('ask'),
    'z.jsonl',
  ]
  expect(neighboursIn({ names: () => names.toSorted(), folders: [''] }, WANTED)).toEqual({ names: alike, isAll: true })
  expect(await neighboursOn(engineOf(names), WANTED)).toEqual({ names: alike, isAll: true })
})

test('at most 32 of them, however many there are, and says so', async () => {
  const many = Array.from({ length: 5000 }, (_, index) => named('other', index))
  const names = [...many, named('say-hi-there')].toSorted()
  for (const found of [
    await neighboursIn({ names: () => names.toSorted(), folders: [''] }, WANTED),
    await neighboursOn(engineOf(names), WANTED),
  ]) {
    expect(found).toEqual({ names: [named('say-hi-there'), ...many.slice(0, 31)], isAll: false })
  }
})

test('in a directory in whichever folder, by the name alone', () => {
  const names = [`chat/${named('say-hi')}`, named('other'), `say/${named('ask')}`]
  const found = neighboursIn({ names: () => names, folders: ['', 'chat/', 'say/'] }, WANTED)
  expect(found).toEqual({ names, isAll: true })
})
