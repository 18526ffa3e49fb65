/** How an answer that has begun ends if deltatape itself fails: in the words and the framing of its API. */
import { expect, test } from 'vitest'
import { DeltatapeError } from '../../../server/base/errors.ts'
import { fresh } from '../../../server/base/memo.ts'
import type { Answer } from '../../../server/model/model.ts'
import { createEncoder, replyTo } from '../../../server/serve/http/encode.ts'
import type { Observed } from '../../../server/serve/http/observe.ts'
import { WAYS, callOfWay, recordsOf } from '../../kit/rows.ts'

const observed: Observed = {
  take() {},
  failed: (error) => (error instanceof DeltatapeError ? error : undefined),
  ended() {},
}

const FAILURE = new DeltatapeError('rule_too_slow', 'A rule takes too long on purpose.')

test.each(WAYS.flatMap((way) => [0, 2].map((sent) => ({ ...way, sent, call: callOfWay(way) }))))(
  '$name, after $sent records',
  async ({ row, wire, framing, sent, call }) => {
    const before = recordsOf(wire.type, wire.tells.slice(0, sent))
    const head = { status: 200, headers: [['content-type', wire.type]] as const, framing }
    for (const isDue of [false, true]) {
      const records: Answer['records'] = isDue
        ? (function* () {
            for (const each of before) yield fresh([each])
            throw FAILURE
          })()
        : (async function* () {
            for (const each of before) yield fresh([each])
            throw FAILURE
          })()
      const { body } = replyTo({ head, records }, { call, observed, encode: createEncoder() })
      const parts: Uint8Array[] = []
      if (body instanceof Uint8Array) parts.push(body)
      else if (typeof body === 'object' && body !== null && Symbol.asyncIterator in body)
        for await (const part of body) parts.push(part)
      const all = recordsOf(wire.type, parts)
      const follower = row.follow()
      expect(all.map((each) => follower.take(each))).toContain('failing')
      const failures = row.events(all).flatMap((event) => row.failureOf(event)?.message ?? [])
      expect(failures).toEqual([expect.stringContaining('A rule takes too long on purpose')])
    }
  },
)
