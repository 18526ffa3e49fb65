/** Which call it is, where the same bytes come again and again. */
import { expect, test } from 'vitest'
import { identify } from '../../server/fixture/key.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { callOf } from '../kit/calls.ts'
import { openTestStore, temporaryFolder } from '../kit/tools.ts'

test('the same bytes are another call with other headers that count, or of another host', async () => {
  const store = openTestStore(await temporaryFolder())
  const ask = (version: string, host?: string, beta = 'a') =>
    callOf(
      { model: 'm', messages: [] },
      {
        path: '/v1/messages',
        headers: [
          ['anthropic-version', version],
          ['anthropic-beta', beta],
        ],
        ...(host === undefined ? {} : { to: { upstream: host, host } }),
      },
    )
  const calls = [ask('1'), ask('2'), ask('1', 'one.example'), ask('1', 'two.example'), ask('1', undefined, 'b')]
  const keys = await Promise.all(calls.map(async (call) => (await store.identify(call)).key))
  expect(new Set(keys).size).toBe(calls.length)
  expect(keys).toEqual(calls.map((call) => identify(call, createRedactor()).key))
})
