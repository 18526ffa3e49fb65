import { describe, expect, test } from 'vitest'
import { createHash } from 'node:crypto'
import { frameIn, expectedOf, recordsIn } from '../../../web/replay/expected.ts'
import { temporaryFolder } from '../../kit/tools.ts'
import { fill, ofEveryApi, shelfOf } from '../../kit/shelf.ts'
import { framesOf, sourcesOf } from '../../serve/page/kit.ts'

test('of a chat all frames are expected, and those of a failure behind the last record', async () => {
  const view = await sourcesOf('fixtures').view('fail-with-a-reset-connection-4a81e425e590.jsonl')
  const expected = expectedOf(view, 'chat')
  expect(expected.frames).toEqual(framesOf(view))
  expect(expected.until.length).toBe(view.records.at.length + 1)
  expect(expected.text).toBe('The sea was calm that morning, and the boat')
})

describe.each(ofEveryApi())('$name', ({ fixture, says }) => {
  test('the body is expected to the byte, and its text record by record', async () => {
    const dir = await temporaryFolder()
    const shelf = shelfOf(fixture)
    await fill(dir, shelf)
    const view = await sourcesOf(dir).view(Object.keys(shelf)[0] ?? '')
    const expected = expectedOf(view, 'http')
    expect(createHash('sha256').update(expected.body).digest('hex')).toBe(view.sha256)
    expect(expected.text).toContain(says)
    const whole = expected.body.length
    expect(recordsIn(expected, 0)).toBe(0)
    expect(recordsIn(expected, (expected.until[0] ?? 0) - 1)).toBe(0)
    expect(recordsIn(expected, expected.until[0] ?? 0)).toBeGreaterThan(0)
    expect(expected.text.slice(0, expected.chars[recordsIn(expected, whole) - 1])).toBe(expected.text)
  })
})

test.each(['', 'null', '[]', '{"type":1,"message":""}', '{"type":"delta"}', '{"__proto__":{"type":"delta"}}'])(
  '%s is no frame',
  (text) => expect(frameIn(text)).toBeUndefined(),
)
