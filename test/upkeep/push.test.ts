import { appendFile, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../server/base/clock.ts'
import { formatFixture } from '../../server/fixture/file.ts'
import { fileName } from '../../server/fixture/key.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { openStore } from '../../server/store/store.ts'
import { pull } from '../../server/upkeep/pull.ts'
import { push } from '../../server/upkeep/push.ts'
import type { Job, Result } from '../../server/upkeep/transfer.ts'
import { callOf } from '../kit/calls.ts'
import { away } from '../store/engine.ts'
import { filesIn, namesOn, putOn, recordingOf, setUp, soundOf, textAt, writeTo } from './moving.ts'

/** Pushes as a process of its own does. */
async function pushed(job: Job): Promise<Result> {
  try {
    return await push(job)
  } finally {
    await job.copies.close()
  }
}

const whyOf = ({ left }: Result): string[] => left.map(({ why }) => why)

test('moves all once; a second time looks at a list, and moves nothing', async () => {
  const { dir, inner, engine, job } = await setUp()
  const names = [await writeTo(dir, recordingOf('one', 'Hi')), await writeTo(dir, recordingOf('two', 'Ho'))]
  expect(await pushed(job())).toMatchObject({ fixtures: 2, moved: names.toSorted(), left: [], renamed: [] })
  for (const name of names) expect(await textAt(inner, name)).toBe(await readFile(join(dir, name), 'utf8'))
  expect(await pushed(job())).toMatchObject({ fixtures: 2, moved: [], left: [] })
  expect(engine.asked).toEqual(['list '])
})

test('knows what is there already, whoever has brought it', async () => {
  const { dir, inner, engine, job } = await setUp()
  const fixture = recordingOf('one', 'Hi')
  await writeTo(dir, fixture)
  await putOn(inner, fixture)
  expect(await pushed(job())).toMatchObject({ moved: [], left: [] })
  expect(await pushed(job())).toMatchObject({ moved: [], left: [] })
  expect(engine.asked).toEqual(['list '])
})

test('a fixture has the name there that follows from its call', async () => {
  const { dir, inner, engine, job } = await setUp()
  const [one, two] = [recordingOf('one', 'Hi'), recordingOf('two', 'Ho')]
  await writeTo(dir, one, 'mine.jsonl')
  await writeTo(dir, two, `sub/${fileName(two)}`)
  const { renamed, moved } = await pushed(job())
  expect(moved).toEqual([fileName(one), fileName(two)].toSorted())
  expect(renamed).toEqual([
    { name: 'mine.jsonl', as: fileName(one) },
    { name: `sub/${fileName(two)}`, as: fileName(two) },
  ])
  expect(await namesOn(inner)).toEqual(moved)
  expect(await pushed(job())).toMatchObject({ moved: [], renamed: [], left: [] })
  expect(engine.asked).toEqual(['list '])
})

test('of two fixtures of one call one is pushed, and the other is told', async () => {
  const { dir, inner, job } = await setUp()
  const name = await writeTo(dir, recordingOf('one', 'Hi'))
  await writeTo(dir, recordingOf('one', 'Ho'), 'a/copy.jsonl')
  expect(await pushed(job())).toMatchObject({
    moved: [name],
    left: [{ name: 'a/copy.jsonl', why: `it is of the same call as ${name}, which is there as ${name}.` }],
  })
  expect(await textAt(inner, name)).toBe(await readFile(join(dir, name), 'utf8'))
})

describe('what is there', () => {
  test('is replaced by what was recorded here since it was pulled', async () => {
    const { dir, inner, job } = await setUp()
    const name = await putOn(inner, recordingOf('one', 'Hi'))
    const before = job()
    await pull(before)
    await before.copies.close()
    await writeTo(dir, recordingOf('one', 'Anew'))
    expect(await pushed(job())).toMatchObject({ moved: [name], left: [] })
    expect(await textAt(inner, name)).toContain('Anew')
    await writeTo(dir, recordingOf('one', 'And again'))
    expect(await pushed(job())).toMatchObject({ moved: [name], left: [] })
  })

  test('stays if somebody changed it since, or if nobody has pulled it; unless that is meant', async () => {
    const { dir, inner, job } = await setUp()
    const name = await writeTo(dir, recordingOf('one', 'Hi'))
    await pushed(job())
    await putOn(inner, recordingOf('one', 'Theirs'))
    await writeTo(dir, recordingOf('one', 'Ours'))
    expect(whyOf(await pushed(job()))).toEqual([
      expect.stringContaining('another one is there, which was never pulled'),
    ])
    expect(await textAt(inner, name)).toContain('Theirs')
    expect(await pushed(job({ force: true }))).toMatchObject({ moved: [name], left: [] })
    expect(await textAt(inner, name)).toContain('Ours')
  })

  test('stays if it is good and this is a failure, whatever is meant', async () => {
    const { dir, inner, job } = await setUp()
    const name = await putOn(inner, recordingOf('one', 'Hi'))
    await pull(job())
    await writeTo(dir, recordingOf('one', 'Broken', 'reset'))
    for (const force of [false, true]) {
      expect(whyOf(await pushed(job({ force })))).toEqual(['it is a failure, and a good answer is there.'])
    }
    expect(await textAt(inner, name)).toBe(formatFixture(recordingOf('one', 'Hi')))
  })

  test('is replaced if it is a failure that was pulled', async () => {
    const { dir, inner, job } = await setUp()
    const name = await writeTo(dir, recordingOf('one', 'Broken', 'reset'))
    expect(await pushed(job())).toMatchObject({ moved: [name] })
    await writeTo(dir, recordingOf('one', 'Broken anew', 'reset'))
    expect(await pushed(job())).toMatchObject({ moved: [name] })
    await writeTo(dir, recordingOf('one', 'Hi'))
    expect(await pushed(job())).toMatchObject({ moved: [name] })
    expect(await textAt(inner, name)).toContain('Hi')
  })

  test('stays if somebody else comes in between', async () => {
    const { dir, inner, engine, job } = await setUp()
    const name = await writeTo(dir, recordingOf('one', 'Ours'))
    const running = job()
    const { list } = engine
    engine.list = async function* (...args) {
      yield* list(...args)
      await putOn(inner, recordingOf('one', 'Theirs'))
    }
    expect(whyOf(await pushed(running))).toEqual([expect.stringContaining('at this moment. Push again.')])
    expect(await textAt(inner, name)).toContain('Theirs')
  })
})

test('conversations go on from what was pushed, whoever brought it there, and not from what is gone', async () => {
  const { dir, inner, job } = await setUp()
  const store = () => openStore({ driver: inner, redactor: createRedactor(), clock: systemClock })
  const continued = async (id: string) => {
    const call = callOf({ model: 'm', input: 'And then?', previous_response_id: id })
    const { previousKey } = await store().identify(call)
    return previousKey
  }
  const [one, two] = [recordingOf('one', 'Hi'), recordingOf('two', 'Ho')]
  await writeTo(dir, one)
  const name = await writeTo(dir, two)
  await putOn(inner, two)
  expect(await continued('Ho')).toBeUndefined()
  await pushed(job())
  expect([await continued('Hi'), await continued('Ho')]).toEqual([one.key, two.key])
  await writeTo(dir, recordingOf('one', 'Anew'))
  await rm(join(dir, name))
  await pushed(job({ prune: true }))
  expect([await continued('Anew'), await continued('Hi'), await continued('Ho')]).toEqual([
    one.key,
    undefined,
    undefined,
  ])
  const left: string[] = []
  for await (const { entries } of inner.list('.index/response/')) left.push(...entries.map((entry) => entry.name))
  expect(left).toHaveLength(1)
})

test('what is damaged stays here, and all else goes', async () => {
  const { dir, inner, job } = await setUp()
  const [cut, wrong, name] = [
    await writeTo(dir, recordingOf('one', 'Hi')),
    await writeTo(dir, recordingOf('two', 'Hi')),
    await writeTo(dir, recordingOf('three', 'Hi')),
  ]
  await truncate(join(dir, cut), 900)
  await appendFile(join(dir, wrong), 'more')
  const result = await pushed(job())
  expect(result.moved).toEqual([name])
  expect(result.left.map((left) => left.name)).toEqual([cut, wrong].toSorted())
  expect(whyOf(result).join()).toMatch(/this fixture is damaged/)
  expect(await namesOn(inner)).toEqual([name])
})

test('what stands beside a fixture goes before it, and is there once', async () => {
  const { dir, inner, engine, job } = await setUp()
  const name = await writeTo(dir, soundOf(3))
  const { moved, bytes } = await pushed(job())
  const [beside = ''] = moved
  expect(beside).toMatch(/^speak-[0-9a-f]{12}\.[0-9a-f]{12}\.bin$/)
  expect(engine.asked).toEqual(['list ', `put ${beside}`, `putIf ${name}`])
  expect(bytes).toBeGreaterThan(1_000_000)
  expect(await pushed(job())).toMatchObject({ moved: [] })
  // A directory has it under the plain name already.
  expect(await pull(job())).toMatchObject({ moved: [], left: [] })
  const elsewhere = await setUp(inner)
  expect(await pull(elsewhere.job())).toMatchObject({ moved: [beside, name] })
  expect(await pushed(elsewhere.job())).toMatchObject({ moved: [], left: [] })
  await rm(join(dir, name.replace('jsonl', 'bin')))
  await rm(join(dir, '.deltatape'), { recursive: true })
  expect(whyOf(await pushed(job()))).toEqual([expect.stringContaining('is missing')])
})

test('takes away there what is not here, if that is meant', async () => {
  const { dir, inner, job } = await setUp()
  const names = [await writeTo(dir, recordingOf('one', 'Hi')), await writeTo(dir, soundOf(3))]
  await pushed(job())
  const kept = await writeTo(dir, recordingOf('damaged', 'Hi'))
  await pushed(job())
  await truncate(join(dir, kept), 700)
  const all = await namesOn(inner)
  for (const name of names) await rm(join(dir, name))
  expect(await pushed(job())).toMatchObject({ removed: [] })
  const wanted = all.filter((name) => name !== kept)
  expect(await pushed(job({ prune: true, dryRun: true }))).toMatchObject({ removed: wanted })
  expect(await namesOn(inner)).toEqual(all)
  expect(await pushed(job({ prune: true }))).toMatchObject({ removed: wanted })
  expect(await namesOn(inner)).toEqual([kept])
  await rm(join(dir, kept))
  await expect(pushed(job({ prune: true }))).rejects.toMatchObject({ code: 'not_found' })
  expect(await namesOn(inner)).toEqual([kept])
})

test('only says what it would do', async () => {
  const { dir, inner, job } = await setUp()
  const name = await writeTo(dir, recordingOf('one', 'Hi'), 'sub/one.jsonl')
  const { moved, renamed } = await pushed(job({ dryRun: true }))
  expect([moved, renamed]).toEqual([[fileName(recordingOf('one', 'Hi'))], [{ name, as: moved[0] }]])
  expect(await namesOn(inner)).toEqual([])
  expect(await filesIn(dir)).toEqual([name])
})

test('goes on where it was interrupted, or where the engine went away', async () => {
  const { dir, inner, engine, job } = await setUp()
  const inputs = Array.from({ length: 100 }, (_, index) => `question ${index}`)
  const names = await Promise.all(inputs.map((input) => writeTo(dir, recordingOf(input, 'Hi'))))
  const controller = new AbortController()
  let steps = 0
  const step = () => void (++steps === 10 && controller.abort())
  const first = await pushed(job({ signal: controller.signal, progress: () => ({ step, stop() {} }) }))
  expect(first).toMatchObject({ fixtures: 100, interrupted: true, left: [] })
  expect(first.moved.length).toBeLessThan(100)
  expect(await namesOn(inner)).toEqual(first.moved)

  let more = 0
  const failing = () => void (++more === 60 && (engine.trouble = away()))
  const second = pushed(job({ progress: () => ({ step: failing, stop() {} }) }))
  await expect(second).rejects.toMatchObject({ code: 'store_away' })
  engine.trouble = undefined
  const before = await namesOn(inner)
  expect(before.length).toBeGreaterThan(first.moved.length)

  const { moved } = await pushed(job())
  expect([...before, ...moved].toSorted()).toEqual(names.toSorted())
  for (const name of names) expect(await textAt(inner, name)).toBe(await readFile(join(dir, name), 'utf8'))
})

test('what cannot be read here, and may be one of those there, keeps all of them there', async () => {
  const { dir, inner, job } = await setUp()
  const names = [await putOn(inner, recordingOf('one', 'Hi')), await putOn(inner, recordingOf('two', 'Ho'))]
  await writeTo(dir, recordingOf('one', 'Hi'))
  await writeFile(join(dir, 'renamed.jsonl'), formatFixture(recordingOf('two', 'Ho')).slice(0, -40))
  const result = await pushed(job({ prune: true }))
  expect(result.removed).toEqual([])
  expect(result.left).toEqual([{ name: 'renamed.jsonl', why: expect.stringMatching(/so none was taken away\.$/) }])
  expect(await namesOn(inner)).toEqual(names.toSorted())
  await rm(join(dir, 'renamed.jsonl'))
  expect(await pushed(job({ prune: true }))).toMatchObject({ removed: [names[1]], left: [] })
})
