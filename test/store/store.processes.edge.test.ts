/** Two processes and one folder: the look and the deed of a save are one step. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parseFixture } from '../../server/fixture/file.ts'
import { isGood } from '../../server/fixture/fixture.ts'
import { setUp } from './kit.ts'

const ROUNDS = 100

test('a failure never comes over a good answer that another process saves at the same moment', async () => {
  const { dir } = await setUp()
  const savers = [fork('test/store/saver.ts'), fork('test/store/saver.ts')]
  onTestFinished(() => void savers.map((saver) => saver.kill()))
  for (let round = 0; round < ROUNDS; round++) {
    const outcomes = savers.map(async (saver, index) => {
      const said = once(saver, 'message')
      saver.send({ dir, input: `question ${round}`, good: index === round % 2 })
      return (await said)[0]
    })
    expect((await Promise.all(outcomes))[round % 2]).toBe('saved')
  }
  const names = await readdir(dir)
  expect(names).toHaveLength(ROUNDS)
  for (const name of names) expect(isGood(parseFixture(await readFile(join(dir, name), 'utf8'), name))).toBe(true)
})
