import { expect, test } from 'vitest'
import { identify } from '../server/identity.ts'
import type { JsonObject } from '../server/json.ts'
import { explainMiss, type Candidate } from '../server/miss.ts'
import { createRedactor } from '../server/redact.ts'

const PARENT = 'a'.repeat(64)
const identityOf = (body: JsonObject) =>
  identify(body, createRedactor(), body.previous_response_id === 'resp_known' ? PARENT : undefined)

const candidate = async (name: string, body: JsonObject): Promise<Candidate> => ({
  ...(await identityOf(body)),
  name,
  recorded: { at: '', upstream: '', openai: '' },
})

const ASKED = { model: 'gpt-4.1-mini', input: 'Translate this to French: Hello world' }

const explain = async (body: JsonObject, ...candidates: JsonObject[]) =>
  explainMiss(
    await identityOf(body),
    await Promise.all(candidates.map((each, index) => candidate(`${'abcdef'[index]}.jsonl`, each))),
    [],
  )

test('says what is missing, the nearest, what differs and how to record it', async () => {
  expect(
    await explain(ASKED, { ...ASKED, input: 'Translate this to German: Hello world' }, { ...ASKED, input: 'Boo' }),
  ).toBe(
    'No fixture for this request (it would be translate-this-to-french-hello-world-' +
      (await identityOf(ASKED)).key.slice(0, 12) +
      '.jsonl). The nearest is a.jsonl, which differs in input ("Translate this to [-German-]{+French+}: Hello world"): [-so-] in the fixture, {+so+} in the request. ' +
      'To record it: OPENAI_API_KEY=… MODEL_MODE=record npm start, and send it again.',
  )
})

test('fewer members that differ are nearer than a likelier text', async () => {
  const told = await explain(ASKED, { ...ASKED, model: 'gpt-5', temperature: 1 }, { ...ASKED, input: 'Something else' })
  expect(told).toContain('The nearest is b.jsonl')
})

test('names each member that differs, on whichever side it is', async () => {
  const told = await explain(
    { ...ASKED, instructions: 'Be brief' },
    { ...ASKED, model: 'gpt-5', tools: [{ type: 'web_search' }] },
  )
  expect(told).toContain(
    'differs in instructions ("Be brief" in the request, not in the fixture) and in model ("gpt-[-5-]{+4.1-mini+}") and in tools (not in the request, "[{\\"type\\":\\"web_search\\"}]" in the fixture): [-so-] in the fixture, {+so+} in the request.',
  )
})

test('shows long texts where they differ, and texts without a word in common side by side', async () => {
  const long = 'word '.repeat(100)
  expect(await explain({ ...ASKED, input: `${long}one` }, { ...ASKED, input: `${long}two` })).toContain(
    'differs in input ("…word word word word [-two-]{+one+}"): [-so-] in the fixture, {+so+} in the request.',
  )
  expect(await explain({ ...ASKED, input: 'One' }, { ...ASKED, input: 'x'.repeat(100) })).toContain(
    `differs in input ("One" in the request, "${'x'.repeat(60)}…" in the fixture).`,
  )
})

test('is one line of bounded length, whatever differs', async () => {
  const text = (seed: string) => Array.from({ length: 5000 }, (_, index) => `${seed}${index % 7}\n`).join('same ')
  const told = await explain({ ...ASKED, input: text('a') }, { ...ASKED, input: text('b') })
  expect(told).not.toContain('\n')
  expect(told.length).toBeLessThan(700)
  const members = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`member${index}`, index]))
  const many = await explain({ ...ASKED, ...members, ['name\n'.repeat(1000)]: 1 }, ASKED)
  expect(many).toContain('member1 ("1" in the request, not in the fixture) and in ')
  expect(many).toContain(' and in 993 more.')
  expect(many).not.toContain('\n')
  expect(many.length).toBeLessThan(1000)
})

test('tells of a conversation in words, not in ids', async () => {
  const told = await explain(
    { ...ASKED, previous_response_id: 'resp_unknown' },
    { ...ASKED, previous_response_id: 'resp_known' },
  )
  expect(told).toContain(
    `previous_response_id (the request continues an answer that no fixture holds, the fixture continues the answer of …-${PARENT.slice(0, 12)}.jsonl)`,
  )
  expect(await explain(ASKED, { ...ASKED, previous_response_id: 'resp_known' })).toContain(
    'the request begins a conversation',
  )
})

test('says so when there is nothing to compare with, and names what is damaged', async () => {
  expect(await explain(ASKED)).toContain('There are no fixtures at all.')
  expect(explainMiss(await identityOf(ASKED), [], ['x.jsonl', 'y.jsonl'])).toContain(
    'Damaged and passed over: x.jsonl, y.jsonl.',
  )
})

test('says the same whatever the order of the fixtures', async () => {
  const others = [
    { ...ASKED, input: 'Aaa' },
    { ...ASKED, input: 'Bbb' },
    { ...ASKED, input: 'Ccc' },
  ]
  const named = await Promise.all(others.map((body, index) => candidate(`${index}.jsonl`, body)))
  const wanted = await identityOf(ASKED)
  expect(explainMiss(wanted, named.toReversed(), [])).toBe(explainMiss(wanted, named, []))
})

test('holds no secret of the request', async () => {
  const secret = `AKIA${'IOSFODNN7EXAMPLE'}`
  expect(await explain({ ...ASKED, input: `My key is ${secret}` }, ASKED)).not.toContain(secret)
})

test('a member that is called like one that every object has is one of the request', async () => {
  const told = await explain({ ...ASKED, toString: false, constructor: 'x' }, ASKED)
  expect(told).toContain('toString ("false" in the request, not in the fixture)')
  expect(told).toContain('constructor ("x" in the request, not in the fixture)')
})
