/** What holds for every row that can tell a whole answer from a cut one, on real answers. */
import { describe, expect, test } from 'vitest'
import { createReader } from '../../server/api/framing/index.ts'
import { apiOf } from '../../server/api/index.ts'
import { absent, readAnswers, readRequest } from '../kit/corpus-any.ts'

const recordsOf = (body: Buffer, contentType: string) => {
  const reader = createReader([['content-type', contentType]])
  return [...reader.read(body, 0), ...reader.end(0, true)]
}

const rowOf = ({ method, path }: Pick<ReturnType<typeof readRequest>, 'method' | 'path'>) => apiOf({ method, path })

/** Rows that tell it, as far as their answers are event streams. */
const ROWS = ['chat-completions', 'messages', 'gemini', 'cohere']

describe.skipIf(absent)('real answers', () => {
  const answers = readAnswers()
    .filter(({ status, framing }) => status === 200 && framing.startsWith('sse'))
    .map((answer) => ({ ...answer, row: rowOf(readRequest(answer)) }))
    .filter(({ row }) => ROWS.includes(row.name))

  test('there are many', () => expect(answers.length).toBeGreaterThan(300))

  test.each(answers)('$name is whole, and cut before its end it is not', ({ body, contentType, row }) => {
    const records = recordsOf(body, contentType)
    const follower = row.follow()
    for (const record of records) follower.take(record)
    expect(follower.end()).toEqual({ end: 'complete' })

    const end = records.findIndex((_, index) => {
      const whole = row.follow()
      for (const record of records.slice(0, index + 1)) whole.take(record)
      return whole.end().end === 'complete'
    })
    for (let count = 0; count < end; count++) {
      const cut = row.follow()
      for (const record of records.slice(0, count)) cut.take(record)
      expect(cut.end().end).not.toBe('complete')
    }
  })
})
