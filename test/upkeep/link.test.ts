import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { apiNamed } from '../../server/api/index.ts'
import type { JsonObject } from '../../server/base/json.ts'
import { formatFixture } from '../../server/fixture/file.ts'
import { link } from '../../server/upkeep/link.ts'
import { callOf } from '../kit/calls.ts'
import { inOnePiece } from '../kit/fixtures.ts'
import { runDeltatape } from '../kit/tools.ts'
import { fixtureFor, setUp } from '../store/kit.ts'

const called: JsonObject = { role: 'assistant', tool_calls: [{ id: 'call_1' }] }

/** A folder in which a run left a fixture without the name of what it continues. */
async function brokenOff() {
  const { dir, store } = await setUp()
  const chat = (messages: JsonObject[]) =>
    callOf({ model: 'm', messages }, { api: apiNamed('chat-completions'), path: '/v1/chat/completions' })
  const { response, records } = inOnePiece({ choices: [{ message: { content: 'x' } }] })
  const user = { role: 'user', content: 'Weather?' }
  const first = await fixtureFor(store, chat([user]), records, { response, knownBy: ['call_1'] })
  const step = await fixtureFor(
    store,
    chat([user, called, { role: 'tool', tool_call_id: 'call_1', content: 'rain' }]),
    records,
    { response },
  )
  await store.save(first)
  const { name } = await store.save({ ...step, follows: first.key })
  const whole = await readFile(join(dir, name), 'utf8')
  const stored = await store.read(name)
  await store.replace(name, { ...stored, follows: undefined }, await store.stamp(name))
  return { dir, store, name, key: first.key, whole, without: formatFixture({ ...step, follows: undefined }) }
}

test('a fixture whose run was ended too early names the one that it continues, and is as it was but for that', async () => {
  const { dir, store, name, whole, without } = await brokenOff()
  const path = join(dir, name)
  expect(await readFile(path, 'utf8')).toBe(without)
  expect(await link(store)).toBe(1)
  expect(await readFile(path, 'utf8')).toBe(whole)
  expect(await link(store)).toBe(0)
})

test('a damaged one is left to verify', async () => {
  const { dir, store, name } = await brokenOff()
  await appendFile(join(dir, name), 'damaged')
  expect(await link(store)).toBe(0)
})

test('verify tells of it with the command that mends it', async () => {
  const { dir } = await brokenOff()
  const env = { FIXTURES: dir }
  const told = await runDeltatape(['verify'], { env })
  expect([told.code, told.out.join()]).toEqual([0, expect.stringMatching(/npx deltatape verify --link/)])
  const linked = await runDeltatape(['verify', '--link', '--strict'], { env })
  expect([linked.code, linked.err.join(), linked.out.join()]).toEqual([
    0,
    expect.stringContaining('1 fixture now names'),
    expect.stringContaining('no problems'),
  ])
})
