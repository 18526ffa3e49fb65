/** The mode table, as the README has it. */
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseFixture } from '../../server/fixture/file.ts'
import { createUpstream } from '../../server/model/index.ts'
import { MODES, type Mode } from '../../server/model/mode.ts'
import { actionOf } from '../../server/model/model.ts'
import { readConfig } from '../../server/serve/config.ts'
import { compose, steps, words } from '../kit/answers.ts'
import { getCall } from '../kit/fixtures.ts'
import type { Answer } from '../kit/standin.ts'
import { callOf } from '../kit/calls.ts'
import { bodyOf, drain, modelFor, runStandIn, temporaryFolder } from '../kit/tools.ts'
import { ASK } from './scripts.ts'

const good = (seed: string): Answer => ({ steps: steps(compose(seed).text(words('Hello there')).completed()) })
const refused: Answer = { status: 500, body: '{}' }

async function setUp(answer: (index: number) => Answer = (index) => good(String(index))) {
  const dir = await temporaryFolder()
  const standIn = await runStandIn((_call, index) => answer(index))
  const modelIn = (mode: Mode, env: Record<string, string> = {}) =>
    modelFor(
      readConfig({ MODEL_MODE: mode, OPENAI_API_KEY: 'sk-x', OPENAI_BASE_URL: standIn.url, FIXTURES: dir, ...env }),
    )
  const ask = async (mode: Mode, env?: Record<string, string>) => {
    const { head, events, error, action = actionOf(error) } = await drain(modelIn(mode, env), ASK)
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const told = code ?? (head && head.status >= 400 ? head.status : events.at(-1)?.type)
    return { told, became: action?.kind }
  }
  return { dir, ask, modelIn, calls: () => standIn.calls.length }
}

describe('with no fixture', () => {
  test.each<[Mode, string, string | undefined, number, number]>([
    ['replay', 'fixture_miss', 'miss', 0, 0],
    ['record', 'response.completed', 'saved', 1, 1],
    ['auto', 'response.completed', 'saved', 1, 1],
    ['live', 'response.completed', undefined, 1, 0],
  ])('%s: %s', async (mode, told, became, calls, files) => {
    const { dir, ask, calls: count } = await setUp()
    expect(await ask(mode)).toEqual({ told, became })
    expect(count()).toBe(calls)
    expect(await readdir(dir)).toHaveLength(files)
  })
})

describe('with a fixture', () => {
  test.each<[Mode, string | undefined, number]>([
    ['replay', 'hit', 0],
    ['record', 'saved', 1],
    ['auto', 'hit', 0],
    ['live', undefined, 1],
  ])('%s: %s', async (mode, became, calls) => {
    const { ask, calls: count } = await setUp()
    await ask('record')
    expect(await ask(mode)).toEqual({ told: 'response.completed', became })
    expect(count()).toBe(1 + calls)
  })
})

describe('auto', () => {
  test('takes a recorded failure for none, unless failures are wanted', async () => {
    const { ask, calls } = await setUp((index) => (index === 0 ? refused : good(String(index))))
    expect(await ask('record', { RECORD_FAILURES: '1' })).toEqual({ told: 500, became: 'saved' })
    expect(await ask('auto', { RECORD_FAILURES: '1' })).toEqual({ told: 500, became: 'hit' })
    expect(calls()).toBe(1)
    expect(await ask('auto')).toEqual({ told: 'response.completed', became: 'saved' })
    expect(await ask('auto')).toEqual({ told: 'response.completed', became: 'hit' })
  })

  test('a damaged fixture is an error, not a reason to spend money', async () => {
    const { dir, ask, calls } = await setUp()
    await ask('record')
    const [name = ''] = await readdir(dir)
    await writeFile(join(dir, name), 'damaged')
    expect((await ask('auto')).told).toBe('fixture_invalid')
    expect(calls()).toBe(1)
  })
})

describe('a call that does not stream, and has no fixture of its own', () => {
  const plain = callOf({ ...ASK, stream: undefined })

  test.each<[Mode, 'stream' | undefined, number]>([
    ['replay', 'stream', 0],
    ['auto', 'stream', 0],
    ['record', undefined, 1],
    ['live', undefined, 1],
  ])('in %s is answered from the stream: %s', async (mode, derived, calls) => {
    const { ask, modelIn, calls: count } = await setUp()
    await ask('record')
    const { head, records, action } = await drain(modelIn(mode), plain)
    expect([action?.derived, count() - 1]).toEqual([derived, calls])
    if (derived === undefined) return
    expect(head).toEqual({ status: 200, headers: [['content-type', 'application/json']], framing: 'json' })
    expect(JSON.parse(bodyOf(records))).toMatchObject({ id: 'resp_0', status: 'completed' })
  })
})

describe('faults', () => {
  test('may be asked for in replay alone', async () => {
    const { ask, modelIn } = await setUp()
    await ask('record')
    const asked = callOf(ASK, { fault: 'reset@3' })
    expect((await drain(modelIn('replay'), asked)).error).toMatchObject({ code: 'upstream_reset' })
    for (const mode of ['live', 'record', 'auto'] as const) {
      expect((await drain(modelIn(mode), asked)).error, mode).toMatchObject({ code: 'invalid_input' })
    }
  })

  test.each(MODES)('that are configured break the answers of %s, too', async (mode) => {
    const { ask, modelIn } = await setUp()
    await ask('record')
    expect((await drain(modelIn(mode, { FAULT: 'truncate@3' }), ASK)).error).toMatchObject({
      code: 'upstream_truncated',
    })
  })

  test('do not break what is recorded of the answer', async () => {
    const { dir, ask, modelIn } = await setUp()
    await ask('record')
    const [name = ''] = await readdir(dir)
    const recorded = async () => {
      const { records, ending } = parseFixture(await readFile(join(dir, name), 'utf8'), name)
      return { records: records.length, ending }
    }
    const before = await recorded()
    await drain(modelIn('record', { FAULT: 'malformed@3', RECORD_FAILURES: '1' }), ASK)
    expect(await recorded()).toEqual(before)
  })
})

test('replay needs no key, lists the models of its fixtures, and carries no WebSocket on', async () => {
  const { dir, ask } = await setUp()
  const replaying = modelFor(readConfig({ FIXTURES: dir }))
  expect((await drain(replaying, ASK)).error).toMatchObject({ code: 'fixture_miss' })
  await ask('record')
  const { head, records } = await drain(replaying, getCall('/v1/models'))
  expect(head?.status).toBe(200)
  expect(JSON.parse(bodyOf(records))).toEqual({
    object: 'list',
    data: [{ id: ASK.model, object: 'model', created: 0, owned_by: 'deltatape' }],
  })
  const upstreamIn = (mode: Mode) => createUpstream(readConfig({ MODEL_MODE: mode }))
  expect(MODES.map((mode) => [mode, upstreamIn(mode) !== undefined])).toEqual([
    ['replay', false],
    ['record', true],
    ['auto', true],
    ['live', true],
  ])
})
