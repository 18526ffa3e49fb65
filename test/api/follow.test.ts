import { expect, test } from 'vitest'
import { followBy } from '../../server/api/follow.ts'
import { createReader } from '../../server/api/framing/index.ts'

/** How an answer ends whose last event says so, if its body ends cleanly. */
const endOf = (body: string): string => {
  const follower = followBy({
    look:
      () =>
      ({ body: { last } }) =>
        last === true ? 'enough' : undefined,
  })()
  const reader = createReader([['content-type', 'application/json']])
  for (const record of [...reader.read(Buffer.from(body), 0), ...reader.end(1, true)]) follower.take(record)
  return follower.end().end
}

test('a streamed array is whole with its bracket alone', () => {
  for (const body of ['[{"a":[]}\r\n,\r\n{"last":true}]', ' [{"last":true}\n\n]\n\n', '[{"last":true},7]']) {
    expect([body, endOf(body)]).toEqual([body, 'complete'])
    const cut = body.slice(0, body.lastIndexOf(']'))
    expect([cut, endOf(cut)]).toEqual([cut, 'truncated'])
  }
})
