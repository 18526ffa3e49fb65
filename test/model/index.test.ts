/** The mode table, as the README has it. */
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readConfig } from '../../server/config.ts'
import { type Mode } from '../../server/model/mode.ts'
import type { Action } from '../../server/model/model.ts'
import { compose, steps, words } from '../kit/answers.ts'
import type { Answer } from '../kit/standin.ts'
import { drain, modelFor, runStandIn, temporaryFolder } from '../kit/tools.ts'
import { ASK } from './contract.ts'

const good = (seed: string): Answer => ({ steps: steps(compose(seed).text(words('Hello there')).completed()) })
const refused: Answer = { status: 500, body: '{}' }

async function setUp(answer: (index: number) => Answer = (index) => good(String(index))) {
  const dir = await temporaryFolder()
  const standIn = await runStandIn((_call, index) => answer(index))
  const ask = async (mode: Mode, env: Record<string, string> = {}) => {
    const config = readConfig({
      MODEL_MODE: mode,
      OPENAI_API_KEY: 'sk-x',
      OPENAI_BASE_URL: standIn.url,
      FIXTURES_DIR: dir,
      ...env,
    })
    const notes: Action[] = []
    const { events, error } = await drain(modelFor(config), ASK, undefined, (note) => notes.push(note))
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    return { told: code ?? events.at(-1)?.type, notes: notes.map(({ kind }) => kind) }
  }
  return { dir, ask, calls: () => standIn.calls.length }
}

describe('with no fixture', () => {
  test.each<[Mode, string, string[], number, number]>([
    ['replay', 'fixture_miss', ['miss'], 0, 0],
    ['record', 'response.completed', ['saved'], 1, 1],
    ['auto', 'response.completed', ['saved'], 1, 1],
    ['live', 'response.completed', [], 1, 0],
  ])('%s: %s', async (mode, told, notes, calls, files) => {
    const { dir, ask, calls: count } = await setUp()
    expect(await ask(mode)).toEqual({ told, notes })
    expect(count()).toBe(calls)
    expect(await readdir(dir)).toHaveLength(files)
  })
})

describe('with a fixture', () => {
  test.each<[Mode, string[], number]>([
    ['replay', ['hit'], 0],
    ['record', ['saved'], 1],
    ['auto', ['hit'], 0],
    ['live', [], 1],
  ])('%s', async (mode, notes, calls) => {
    const { ask, calls: count } = await setUp()
    await ask('record')
    expect(await ask(mode)).toEqual({ told: 'response.completed', notes })
    expect(count()).toBe(1 + calls)
  })
})

describe('auto', () => {
  test('takes a recorded failure for none, unless failures are wanted', async () => {
    const { ask, calls } = await setUp((index) => (index === 0 ? refused : good(String(index))))
    expect(await ask('record', { RECORD_FAILURES: '1' })).toEqual({ told: 'upstream_refused', notes: ['saved'] })
    expect(await ask('auto', { RECORD_FAILURES: '1' })).toEqual({ told: 'upstream_refused', notes: ['hit'] })
    expect(calls()).toBe(1)
    expect(await ask('auto')).toEqual({ told: 'response.completed', notes: ['saved'] })
    expect(await ask('auto')).toEqual({ told: 'response.completed', notes: ['hit'] })
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

test('replay needs no key and makes no client', async () => {
  const config = readConfig({ FIXTURES_DIR: await temporaryFolder() })
  expect((await drain(modelFor(config), ASK)).error).toMatchObject({
    code: 'fixture_miss',
  })
})
