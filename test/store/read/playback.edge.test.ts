/** Fixtures that are too large to be kept in memory. */
import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type AnswerRecord, type Batch, MAX_BATCH_CHARS, bytesOf } from '../../../server/api/record.ts'
import { remember } from '../../../server/base/memo.ts'
import { formatFixture } from '../../../server/fixture/file.ts'
import type { Fixture } from '../../../server/fixture/fixture.ts'
import { fileName } from '../../../server/fixture/key.ts'
import { compose } from '../../kit/answers.ts'
import { crowd } from '../../kit/crowd.ts'
import { STREAM, callOf, toRecords } from '../../kit/calls.ts'
import { openTestStore } from '../../kit/tools.ts'
import { HI, fixtureFor, setUp } from '../kit.ts'

const DELTAS = Array.from({ length: 2500 }, (_, index) => ` ${index}`.repeat(200))

/** A store with a fixture that is too large for the memory: of more than 2 MiB. */
async function shelf(
  records: readonly AnswerRecord[] = toRecords(compose('large').text(DELTAS).completed()),
  more: Partial<Fixture> = {},
) {
  const { dir, store } = await setUp()
  const fixture = await fixtureFor(store, HI, records, more)
  await store.save(fixture)
  return { dir, store, fixture, path: join(dir, fileName(fixture)) }
}

async function played(parts: AsyncIterable<Batch> | Iterable<Batch> = []): Promise<Batch[]> {
  const all: Batch[] = []
  for await (const part of parts) all.push(part)
  return all
}

test('a large fixture is played from the disk, part by part and the same each time', async () => {
  const { dir, store, fixture } = await shelf()
  for (const again of [store, store, openTestStore(dir)]) {
    const playback = await again.playback(fixture)
    expect(playback).toMatchObject({ isGood: true, ending: { end: 'complete' }, response: STREAM })
    const parts = await played(playback?.parts())
    expect(parts.length).toBeGreaterThan(10)
    expect(parts.flatMap(({ items }) => items)).toEqual(fixture.records)
    // Nothing of it is kept, so that nothing is remembered of it.
    expect(parts.every(({ kept }) => !kept)).toBe(true)
  }
})

test('a small one is kept in memory, in parts of a bearable size that come again', async () => {
  const { store, fixture } = await shelf(toRecords(compose('small').text(DELTAS.slice(0, 200)).completed()))
  const playback = await store.playback(fixture)
  const parts = await played(playback?.parts())
  expect(parts.length).toBeGreaterThan(1)
  for (const { items, kept } of parts) {
    expect(kept).toBe(true)
    const size = items.reduce((sum, { wire }) => sum + wire.length, 0)
    expect(items.length === 1 || size <= MAX_BATCH_CHARS).toBe(true)
  }
  expect(parts.flatMap(({ items }) => items)).toEqual(fixture.records)
})

describe('whether a large one is good', () => {
  const many = toRecords(DELTAS.map((delta) => ({ type: 'x', delta })))
  const ended = (...last: readonly Readonly<Record<string, unknown>>[]) => [...many, ...toRecords(last)]
  const completed = { type: 'response.completed', response: { id: 'resp_1' } }
  const done = (status: string) => ({ type: 'response.done', response: { status } })
  const late = Array.from({ length: 20 }, () => ({ type: 'late' }))
  const comments = Array.from({ length: 20 }, () => ({ at: 0, wire: ': ping\n\n' }))

  test.each<[string, readonly AnswerRecord[], Partial<Fixture>, boolean]>([
    ['completed', ended(completed), {}, true],
    ['completed, and much after it', [...ended(completed, ...late), ...comments], {}, true],
    ['an end of another type', ended(done('completed')), {}, true],
    ['a failed response', ended({ type: 'response.failed' }), {}, false],
    ['a failed response, and much after it', ended({ type: 'response.failed' }, ...late), {}, false],
    ['an error, and the response that follows it', ended({ type: 'error' }, completed), {}, false],
    ['an end of another type that failed', ended(done('failed')), {}, false],
    ['cut off', many, { ending: { end: 'truncated' } }, false],
    [
      'JSON',
      [{ at: 0, wire: JSON.stringify({ object: 'response', status: 'completed', text: DELTAS }) }],
      { response: { status: 200, headers: [], framing: 'json' } },
      true,
    ],
    [
      'JSON of a failed response',
      [{ at: 0, wire: JSON.stringify({ object: 'response', status: 'failed', text: DELTAS }) }],
      { response: { status: 200, headers: [], framing: 'json' } },
      false,
    ],
  ])('is told by its end: %s', async (_what, records, more, isGood) => {
    const { dir, fixture } = await shelf(records, more)
    const playback = await openTestStore(dir).playback(fixture)
    expect(playback?.isGood).toBe(isGood)
    expect(Array.isArray(playback?.parts())).toBe(false)
    const parts = await played(playback?.parts())
    expect(bytesOf(parts.flatMap(({ items }) => items)).equals(bytesOf(records))).toBe(true)
  })
})

test('one that is damaged is so before it is played, and one that was written anew is not mixed', async () => {
  const { store, fixture, path } = await shelf()
  const playback = await store.playback(fixture)
  await writeFile(path, formatFixture(fixture).slice(0, -30))
  await expect(played(playback?.parts())).rejects.toMatchObject({
    code: 'fixture_invalid',
    message: /was written anew/,
  })
  await expect(store.playback(fixture)).rejects.toMatchObject({ code: 'fixture_invalid' })
})

test('one that is cut off between two lines while it is played does not end as if it was whole', async () => {
  const { store, fixture, path } = await shelf()
  const playback = await store.playback(fixture)
  const lines = formatFixture(fixture).split('\n')
  const play = async () => {
    let parts = 0
    for await (const { items } of playback?.parts() ?? []) {
      expect(items.length).toBeGreaterThan(0)
      if (++parts === 3) await truncate(path, Buffer.byteLength(`${lines.slice(0, 750).join('\n')}\n`))
    }
  }
  await expect(play()).rejects.toMatchObject({ code: 'fixture_invalid', message: /cut off/ })
})

test('bytes are played as they are, whatever the size', async () => {
  const { dir, store } = await setUp()
  const bytes = Buffer.from(Array.from({ length: 2 * 1024 * 1024 }, (_, index) => (index * 7919) % 256))
  const call = callOf({ input: 'Say it' }, { path: '/v1/audio/speech' })
  const head = { status: 200, headers: [['content-type', 'audio/mpeg']], framing: 'text' } as const
  const fixture = await fixtureFor(store, call, [{ at: 5, wire: bytes }], { response: head })
  await store.save(fixture)
  const parts = await played((await openTestStore(dir).playback(fixture))?.parts())
  expect(bytesOf(parts.flatMap(({ items }) => items)).equals(bytes)).toBe(true)
})

test('a small one lies outside of the heap once others were played, and what was made of it is counted', async () => {
  const { store, fixture } = await shelf(toRecords(compose('small').text(DELTAS.slice(0, 200)).completed()))
  const playback = await store.playback(fixture)
  const [first] = await played(playback?.parts())
  playback?.tally.tell(() => {})
  const before = playback?.tally.bytes ?? 0
  crowd()
  const packed = playback?.tally.bytes ?? 0
  expect(packed).toBeGreaterThan(before)
  expect(packed).toBeLessThan(before + bytesOf(fixture.records).length / 4)
  expect((await played(playback?.parts())).flatMap(({ items }) => items)).toEqual(fixture.records)
  if (!first) throw new Error('no parts')
  const encode = remember(
    ({ items }: Batch) => bytesOf(items),
    ({ length }) => length,
  )
  const bytes = encode(first)
  expect(encode(first)).toBe(bytes)
  expect(playback?.tally.bytes).toBeGreaterThanOrEqual(packed + bytes.length)
})
