/** Fixtures that are too large to be kept in memory. */
import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { formatFixture } from '../../server/fixture/file.ts'
import { type Fixture } from '../../server/fixture/fixture.ts'
import { fileName } from '../../server/fixture/key.ts'
import type { ModelEvent } from '../../server/api/event.ts'
import { compose } from '../kit/answers.ts'
import { openTestStore, temporaryFolder, toEvents } from '../kit/tools.ts'

/** A store with a fixture of some 4 MB. */
async function setUp() {
  const dir = await temporaryFolder()
  const store = openTestStore(dir)
  const deltas = Array.from({ length: 3000 }, (_, index) => ` ${index}`.repeat(200))
  const fixture: Fixture = {
    ...(await store.identify({ model: 'm', input: 'Say much' })),
    recorded: { at: '2026-11-24T10:00:00.000Z', upstream: 'stand-in', openai: '7.57.0' },
    events: toEvents(compose('large').text(deltas).completed()),
    ending: { end: 'complete' },
    endedAt: 100,
  }
  await store.save(fixture)
  return { dir, store, fixture, path: join(dir, fileName(fixture)) }
}

test('a large fixture is played from the disk, part by part and the same each time', async () => {
  const { dir, store, fixture } = await setUp()
  for (const again of [store, store, openTestStore(dir)]) {
    const recording = await again.recording(fixture.key)
    expect(recording).toMatchObject({ isGood: true, ending: { end: 'complete' } })
    const parts: (readonly ModelEvent[])[] = []
    for await (const part of recording?.parts() ?? []) parts.push(part)
    expect(parts.length).toBeGreaterThan(10)
    expect(parts.flat().map(({ text }) => text)).toEqual(fixture.events.map(({ text }) => text))
  }
})

test('one that is damaged is so before it is played, and one that was written anew is not mixed', async () => {
  const { store, fixture, path } = await setUp()
  const recording = await store.recording(fixture.key)
  await writeFile(path, formatFixture(fixture).slice(0, -30))
  const play = async () => {
    for await (const part of recording?.parts() ?? []) expect(part).toBeUndefined()
  }
  await expect(play()).rejects.toMatchObject({ code: 'fixture_invalid', message: /was written anew/ })
  await expect(store.recording(fixture.key)).rejects.toMatchObject({ code: 'fixture_invalid' })
})

test('one that is cut off between two lines while it is played does not end as if it was whole', async () => {
  const { store, fixture, path } = await setUp()
  const recording = await store.recording(fixture.key)
  const lines = formatFixture(fixture).split('\n')
  const play = async () => {
    let parts = 0
    for await (const part of recording?.parts() ?? []) {
      expect(part.length).toBeGreaterThan(0)
      if (++parts === 3) await truncate(path, Buffer.byteLength(`${lines.slice(0, 1500).join('\n')}\n`))
    }
  }
  await expect(play()).rejects.toMatchObject({ code: 'fixture_invalid', message: /cut off/ })
})
