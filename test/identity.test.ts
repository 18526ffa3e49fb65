import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { countDiffering, differingMembers, fileName, identify, keyed, lastUserText } from '../server/identity.ts'
import type { JsonObject } from '../server/json.ts'
import { createRedactor } from '../server/redact.ts'

const redactor = createRedactor()
const identityOf = (body: JsonObject, previousKey?: string) => identify(body, redactor, previousKey)
const keyOf = (body: JsonObject) => identityOf(body).key

const REQUEST = { model: 'gpt-4.1-mini', input: 'Say hi' }

describe('identify', () => {
  test('the key is the SHA-256 of the canonical request', async () => {
    const canonical = '{"input":"Say hi","model":"gpt-4.1-mini"}'
    expect(keyOf(REQUEST)).toBe(createHash('sha256').update(canonical).digest('hex'))
  })

  test('what shapes the answer makes another key, and what does not makes none', async () => {
    const key = keyOf(REQUEST)
    for (const more of [
      { model: 'gpt-5' },
      { input: 'Say ho' },
      { instructions: 'Be brief' },
      { temperature: 0 },
      { previous_response_id: 'resp_x' },
    ]) {
      expect(keyOf({ ...REQUEST, ...more })).not.toBe(key)
    }
    for (const more of [
      { stream: true },
      { stream_options: { include_obfuscation: false } },
      { metadata: { run: '1' } },
      { user: 'ada' },
      { safety_identifier: 'x' },
      { prompt_cache_key: 'x' },
      { prompt_cache_retention: '24h' },
      { service_tier: 'flex' },
      { store: false },
    ]) {
      const identity = identityOf({ ...REQUEST, ...more })
      expect(identity).toEqual({ key, request: REQUEST })
    }
  })

  test('the order of members makes no difference, their nesting does', async () => {
    expect(keyOf({ input: 'Say hi', model: 'gpt-4.1-mini' })).toBe(keyOf(REQUEST))
    expect(keyOf({ ...REQUEST, text: { metadata: 1 } })).not.toBe(keyOf({ ...REQUEST, text: {} }))
  })

  test('the id of a recorded answer stands for that answer', async () => {
    const first = identityOf({ ...REQUEST, previous_response_id: 'resp_1' }, 'a'.repeat(64))
    const again = identityOf({ ...REQUEST, previous_response_id: 'resp_2' }, 'a'.repeat(64))
    expect(first.key).toBe(again.key)
    expect(first).toMatchObject({ previousKey: 'a'.repeat(64), request: { previous_response_id: 'resp_1' } })
  })

  test('two requests that differ in a secret alone are one', async () => {
    const ask = (secret: string) => identityOf({ ...REQUEST, input: `My key is AKIA${secret}, is it safe?` })
    const [one, other] = [ask('IOSFODNN7EXAMPLE'), ask('IOSFODNN7EXAMPLF')]
    expect(one).toEqual(other)
    expect(one.request.input).toBe('My key is [redacted:aws-key], is it safe?')
  })

  test('a lone surrogate is refused', async () => {
    expect(() => identityOf({ ...REQUEST, input: '\ud83d' })).toThrow(
      expect.objectContaining({ code: 'invalid_input' }),
    )
  })
})

describe('fileName', () => {
  test.each([
    ['Say hi', 'say-hi'],
    ["Rephrase this in French: I'm hungry", 'rephrase-this-in-french-i-m-hungry'],
    ['a'.repeat(39) + ' b', 'a'.repeat(39)],
    ['Translate this to conversational French: Hello', 'translate-this-to-conversational-french'],
    ['déjà vu', 'd-j-vu'],
    ['こんにちは', 'request'],
    ['--- !!!', 'request'],
  ])('%j → %s', (input, slug) => {
    const key = '3f9a0c'.repeat(11)
    expect(fileName({ key, request: { input } })).toBe(`${slug}-${key.slice(0, 12)}.jsonl`)
  })

  test('an input of items gives the last text of the user', () => {
    const user = (content: string | JsonObject[]) => ({ role: 'user', content })
    expect(
      lastUserText([
        user('one'),
        { role: 'assistant', content: 'no' },
        user([{ type: 'input_text', text: 'two' }, { type: 'input_image' }]),
      ]),
    ).toBe('two')
    expect(lastUserText([user('one'), { type: 'function_call_output', output: '1' }])).toBe('one')
    expect(lastUserText([user('one'), user([{ type: 'input_image' }])])).toBe('one')
    expect(lastUserText([{ role: 'system', content: 'no' }])).toBe('')
    expect(lastUserText(undefined)).toBe('')
  })
})

test('the members that make two keys differ, a conversation by the key that it continues', () => {
  const asked = { model: 'm', input: 'Hi', tools: [{ b: 1, a: 2 }] }
  expect(differingMembers(identityOf(asked), identityOf({ ...asked, tools: [{ a: 2, b: 1 }], stream: true }))).toEqual(
    [],
  )
  const other = identityOf({ model: 'm', input: 'Ho' })
  expect(differingMembers(identityOf(asked), other)).toEqual(['input', 'tools'])
  expect([0, 1, 2, Infinity].map((most) => countDiffering(identityOf(asked), other, most))).toEqual([1, 2, 2, 2])
  const next = { ...asked, previous_response_id: 'resp_1' }
  expect(keyed(identityOf(next, 'a'.repeat(64)))).toEqual({ ...asked, previous_response_id: 'a'.repeat(64) })
  expect(differingMembers(identityOf(next, 'a'), identityOf({ ...next, previous_response_id: 'resp_2' }, 'a'))).toEqual(
    [],
  )
  expect(differingMembers(identityOf(next, 'a'), identityOf(next, 'b'))).toEqual(['previous_response_id'])
})
