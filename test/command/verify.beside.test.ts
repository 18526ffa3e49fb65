/** What stands beside fixtures, in the eyes of the sub-commands. */
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { any } from '../../server/api/any.ts'
import { bytesOf } from '../../server/api/record.ts'
import { callOf } from '../kit/calls.ts'
import { openTestStore, runDeltatape, temporaryFolder } from '../kit/tools.ts'

/** A folder with the fixture of a long sound. */
async function recorded() {
  const dir = await temporaryFolder()
  const store = openTestStore(dir)
  const wire = Uint8Array.from({ length: 1_000_000 }, (_, index) => (index * 167) % 256)
  const identity = await store.identify(callOf({ input: 'Speak, Ada' }, { api: any, path: '/v1/speak' }))
  const fixture = {
    ...identity,
    response: { status: 200, headers: [['content-type', 'audio/mpeg']], framing: 'text' },
    recorded: { at: '2026-11-24T10:00:00.000Z', upstream: 'stand-in' },
    records: [{ at: 1, wire }],
    ending: { end: 'complete' },
    endedAt: 2,
  } as const
  await store.save(fixture)
  const [bin = '', name = ''] = (await readdir(dir)).toSorted()
  const run = (...words: readonly string[]) => runDeltatape([...words, '--fixtures', dir])
  return { dir, store, name, bin, run, body: bytesOf(fixture.records) }
}

test('verify reads it, and tells of what is missing, changed, or beside nothing', async () => {
  const { dir, name, bin, run, body } = await recorded()
  expect(await run('verify')).toMatchObject({ code: 0, out: ['1 fixture, no problems'] })
  await writeFile(join(dir, bin), Buffer.from(body).fill(0, 10, 20))
  expect((await run('verify')).out[0]).toBe(
    `${join(dir, name)}:2: what stands beside it, ${bin}, is not what was recorded`,
  )
  await rm(join(dir, bin))
  expect(await run('verify')).toMatchObject({
    code: 1,
    out: expect.arrayContaining([`${join(dir, name)}:2: what stands beside it, ${bin}, is missing`]),
  })
  await rm(join(dir, name))
  await writeFile(join(dir, 'lost.bin'), 'x')
  const { out } = await run('verify', '--allow-empty')
  expect(out[0]).toBe(`${join(dir, 'lost.bin')}:1: warning: it stands beside no fixture that takes it: remove it`)
})

test('ls and show tell of it by its size', async () => {
  const { name, run } = await recorded()
  expect((await run('ls')).out.join('\n')).toContain('1000000 B')
  expect((await run('show', name)).out.join('\n')).toContain('1,000,000 bytes')
})

test('redact moves it with its fixture', async () => {
  const { dir, store, run, body } = await recorded()
  const rules = join(await temporaryFolder(), 'rules.json')
  await writeFile(rules, '{"redact":[{"pattern":"Ada","placeholder":"[name]"}]}')
  expect((await run('redact', '--apply', '--config-file', rules)).code).toBe(0)
  const [bin = '', name = ''] = (await readdir(dir)).toSorted()
  expect(name).toMatch(/^speak-name-\w{12}\.jsonl$/)
  expect(bin).toBe(name.replace('.jsonl', '.bin'))
  expect(bytesOf((await store.read(name)).records).equals(body)).toBe(true)
})

test('prune removes it with its fixture', async () => {
  const { dir, run } = await recorded()
  const store = openTestStore(dir)
  const call = callOf({ input: 'Hi' }, { api: any, path: '/v1/other' })
  const small = {
    ...(await store.identify(call)),
    response: { status: 200, headers: [], framing: 'text' },
    recorded: { at: '2026-11-24T10:00:00.000Z', upstream: 'stand-in' },
    records: [{ at: 1, wire: 'Hi' }],
    ending: { end: 'complete' },
    endedAt: 2,
  } as const
  await store.save(small)
  const kept = (await readdir(dir)).find((name) => name.startsWith('hi-')) ?? ''
  const log = join(await temporaryFolder(), 'used.jsonl')
  await writeFile(log, `${JSON.stringify({ used: kept })}\n`)
  expect((await run('prune', log, '--yes')).code).toBe(0)
  expect(await readdir(dir)).toEqual([kept])
})
