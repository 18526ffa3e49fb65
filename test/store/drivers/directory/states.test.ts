/** The states of files, seen once in a turn of the event loop. */
import { mkdir, rename, symlink } from 'node:fs/promises'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nextTurn, systemClock } from '../../../../server/base/clock.ts'
import { createStates } from '../../../../server/store/drivers/directory/states.ts'
import { temporaryFolder } from '../../../kit/tools.ts'

const open = (dir: string, mayBeMissing = false) => createStates(dir, { clock: systemClock, mayBeMissing })

test('are shared within a turn, and forgotten with it, or when they are said to have changed', async () => {
  const dir = await temporaryFolder()
  const states = open(dir)
  expect(states.of('x.jsonl')).toBeUndefined()
  writeFileSync(join(dir, 'x.jsonl'), 'one')
  expect(states.of('x.jsonl')).toBeUndefined()
  states.forget()
  const seen = states.of('x.jsonl')
  expect(seen).toMatchObject({ bytes: 3 })
  rmSync(join(dir, 'x.jsonl'))
  expect(states.of('x.jsonl')).toBe(seen)
  await nextTurn()
  expect(states.of('x.jsonl')).toBeUndefined()
})

test('what cannot be looked at is not absent', async () => {
  const dir = await temporaryFolder()
  await symlink('loop.jsonl', join(dir, 'loop.jsonl'))
  await mkdir(join(dir, 'folder.jsonl'))
  writeFileSync(join(dir, 'file'), '')
  for (const [name, message] of [
    ['loop.jsonl', 'loop.jsonl cannot be read: ELOOP. A link in its path leads to itself: remove that.'],
    ['file/x.jsonl', expect.stringContaining('file/x.jsonl cannot be read: ENOTDIR. A file stands where')],
    ['folder.jsonl', expect.stringContaining('folder.jsonl:1: this is no file')],
  ])
    expect(() => open(dir).of(String(name))).toThrow(expect.objectContaining({ code: 'fixture_invalid', message }))
})

test('in a directory that is away nothing is absent, unless it may be missing', async () => {
  const dir = await temporaryFolder()
  await rename(dir, `${dir}-away`)
  const message = `The fixtures directory ${JSON.stringify(dir)} cannot be read: ENOENT. It, or its folder, is not there any more: restore it (git checkout), or record again.`
  for (const name of ['x.jsonl', 'chat/x.jsonl']) {
    expect(() => open(dir).of(name)).toThrow(expect.objectContaining({ code: 'fixture_invalid', message }))
    expect(open(dir, true).of(name)).toBeUndefined()
  }
  await rename(`${dir}-away`, dir)
  expect(open(dir).of('chat/x.jsonl')).toBeUndefined()
})
