import { describe, expect, test } from 'vitest'
import { fileName, identify as identifyCall } from '../../server/fixture/key.ts'
import type { JsonObject } from '../../server/base/json.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { describeUnused, findUnused } from '../../server/upkeep/unused.ts'
import { missedLine, parseUsage, usedLine } from '../../server/store/usage.ts'
import { callOf } from '../kit/calls.ts'

const redactor = createRedactor()

const identify = (body: JsonObject, previousKey?: string) => identifyCall(callOf(body), redactor, previousKey)

const fixture = (name: string, body: JsonObject, previousKey?: string) => ({
  ...identify(body, previousKey),
  name,
  recorded: { at: '2026-11-24T10:00:00.000Z', upstream: 'stand-in' },
})

const ONE = fixture('one.jsonl', { model: 'm', input: 'one' })
const TWO = fixture('two.jsonl', { model: 'm', input: 'two', previous_response_id: 'resp_1' }, ONE.key)
const THREE = fixture('three.jsonl', { model: 'm', input: 'three of them' })

const usageOf = (...lines: string[]) => parseUsage(lines.join(''), 'used.jsonl')

describe('parseUsage', () => {
  test('reads what was written', () => {
    const missed = identify({ model: 'm', input: 'Say hi' })
    const usage = usageOf(usedLine('one.jsonl'), missedLine(missed), usedLine('one.jsonl'), usedLine('two.jsonl'))
    expect([...usage.used]).toEqual(['one.jsonl', 'two.jsonl'])
    expect(usage.missed).toEqual([
      {
        missed: expect.stringMatching(/^say-hi-\w{12}\.jsonl$/),
        members: expect.objectContaining({ model: expect.any(String), input: expect.any(String) }),
        input: 'Say hi',
      },
    ])
  })

  test('refuses what is none, by its line', () => {
    for (const line of ['{"used":', '{"event":1}', 'hello', '{"used":1}']) {
      expect(() => usageOf(usedLine('one.jsonl'), `${line}\n`)).toThrow(/"used\.jsonl" is no usage log: line 2 /)
    }
  })
})

describe('findUnused', () => {
  test('lists what was not used', () => {
    expect(findUnused(usageOf(usedLine('one.jsonl')), [ONE, TWO, THREE])).toEqual([
      { name: 'two.jsonl' },
      { name: 'three.jsonl' },
    ])
  })

  test('counts what a used one continues as used', () => {
    expect(findUnused(usageOf(usedLine('two.jsonl')), [ONE, TWO, THREE])).toEqual([{ name: 'three.jsonl' }])
  })

  test('counts a fixture in a folder by the name of its call, unless there is one of that name', () => {
    const body = { model: 'm', input: 'Say hi' }
    const name = fileName(identify(body))
    const [usual, moved] = [fixture(name, body), fixture(`old/${name}`, body)]
    expect(findUnused(usageOf(usedLine(name)), [moved])).toEqual([])
    expect(findUnused(usageOf(usedLine(name)), [usual, moved])).toEqual([{ name: `old/${name}` }])
  })

  test('tells of a request that differs in one member', () => {
    const missed = (body: JsonObject, previousKey?: string) => missedLine(identify(body, previousKey))
    const found = (line: string) => findUnused(usageOf(usedLine('one.jsonl'), line), [ONE, THREE])
    expect(found(missed({ model: 'm', input: 'three of those' }))).toEqual([
      { name: 'three.jsonl', rename: { member: 'input', missed: expect.stringMatching(/^three-of-those-/) } },
    ])
    expect(found(missed({ model: 'm', input: 'three of them', temperature: 0 }))[0]?.rename?.member).toBe('temperature')
    expect(
      found(missed({ model: 'm', input: 'three of them', previous_response_id: 'x' }, ONE.key))[0]?.rename?.member,
    ).toBe('previous_response_id')
    expect(found(missed({ model: 'n', input: 'three of those' }))[0]).toEqual({ name: 'three.jsonl' })
    // It was recorded after it was missed.
    expect(found(missed({ model: 'm', input: 'three of them' }))).toEqual([])
    expect(describeUnused(found(missed({ model: 'm', input: 'three of those' }))[0] ?? { name: '' })).toMatch(
      /^was not used, and a request that differs from it in `input` alone had no fixture: record it again or rename/,
    )
  })

  test('tells of no request that is another question, and of each once', () => {
    const missed = (input: string) => missedLine(identify({ model: 'm', input }))
    const other = fixture('other.jsonl', { model: 'm', input: 'three of them all' })
    const found = (...lines: string[]) =>
      findUnused(usageOf(usedLine('one.jsonl'), ...lines), [ONE, other, THREE]).map(({ name, rename }) => [
        name,
        rename?.missed,
      ])
    expect(found(missed('quite another question'))).toEqual([
      ['other.jsonl', undefined],
      ['three.jsonl', undefined],
    ])
    expect(found(missed('three of those'), missed('three of those'))).toEqual([
      ['other.jsonl', undefined],
      ['three.jsonl', expect.stringMatching(/^three-of-those-/)],
    ])
    expect(found(missed('three of those'), missed('three of them all!'))).toEqual([
      ['other.jsonl', expect.stringMatching(/^three-of-them-all-/)],
      ['three.jsonl', expect.stringMatching(/^three-of-those-/)],
    ])
  })

  test('cannot tell by a log that says nothing of these fixtures', () => {
    expect(() => findUnused(usageOf(), [ONE])).toThrow('It says that no fixture was used')
    expect(() => findUnused(usageOf(usedLine('other.jsonl')), [ONE])).toThrow('None of the fixtures that it says')
    expect(findUnused(usageOf(usedLine('other.jsonl')), [])).toEqual([])
  })
})
