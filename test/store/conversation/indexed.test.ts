/** The index of an engine. */
import { expect, test } from 'vitest'
import { responses } from '../../../server/api/responses/index.ts'
import { identify } from '../../../server/fixture/key.ts'
import { createRedactor } from '../../../server/redact/redactor.ts'
import { writeIndex } from '../../../server/store/conversation/indexed.ts'
import { callOf } from '../../kit/calls.ts'
import { inMemory } from '../engine.ts'

test('whatever a client says, no name of the index is longer than an engine takes', async () => {
  const driver = inMemory()
  const long = '\u8a9e'.repeat(200)
  for (const model of [long, 'a-model', '..', 'with/slash']) {
    const identity = identify(callOf({ model, input: long }, { api: responses }), createRedactor())
    await writeIndex(
      driver,
      { ...identity, responseId: long, knownBy: [long] },
      `${long.slice(0, 40)}-0123456789ab.jsonl`,
    )
  }
  const names: string[] = []
  for await (const { entries } of driver.list()) names.push(...entries.map(({ name }) => name))
  expect(Math.max(...names.map((name) => Buffer.byteLength(name)))).toBeLessThan(400)
  expect(names.filter((name) => name.startsWith('.index/model/'))).toEqual([
    '.index/model/..',
    '.index/model/a-model',
    '.index/model/with%2Fslash',
  ])
})
