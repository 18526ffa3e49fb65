import { chmod, cp, readFile, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../../server/base/clock.ts'
import { cached } from '../../../server/store/layers/cached.ts'
import { type Driver, StoreError, wholeOf } from '../../../server/store/driver.ts'
import { copiesIn } from '../../../server/store/open.ts'
import { temporaryFolder } from '../../kit/tools.ts'
import { type TestEngine, away, inMemory, unreliable } from '../engine.ts'

const text = (words: string) => Buffer.from(words)

interface Made {
  readonly inner: Driver
  readonly engine: TestEngine
  readonly dir: string
  readonly driver: Driver
  readonly told: string[]
  readonly stale: { count: number }
  readonly time: { now: number }
}

/** An engine with a directory in front; another one of the same engine and directory is what a later process has. */
async function setUp(before: Partial<Pick<Made, 'inner' | 'dir'>> = {}): Promise<Made> {
  const { inner = inMemory(), dir = await temporaryFolder() } = before
  const engine = unreliable(inner)
  const told: string[] = []
  const [stale, time] = [{ count: 0 }, { now: 1000 }]
  const driver = cached(engine, copiesIn(dir, engine, systemClock), {
    clock: { now: () => time.now, timer: systemClock.timer },
    dir,
    warn: (line) => told.push(line),
    onStale: () => stale.count++,
  })
  onTestFinished(() => driver.close())
  return { inner, engine, dir, driver, told, stale, time }
}

const textOf = async (driver: Driver, name: string, known?: string): Promise<string | undefined> => {
  const got = await driver.get(name, { known })
  return typeof got === 'object' ? (await wholeOf(got)).toString() : got
}

const versionOf = async (driver: Driver, name: string): Promise<string> => {
  const got = await driver.get(name)
  return typeof got === 'object' ? got.version : `${got}`
}

async function namesIn(driver: Driver, prefix?: string): Promise<string[]> {
  const names: string[] = []
  for await (const { entries } of driver.list(prefix)) names.push(...entries.map(({ name }) => name))
  return names
}

const filesIn = async (dir: string): Promise<string[]> => {
  const names = await readdir(dir)
  return names.filter((name) => !name.startsWith('.')).toSorted()
}

test('keeps what is read as plain files, and moves each byte once', async () => {
  const { inner, engine, dir, driver } = await setUp()
  const one = await inner.put('a.jsonl', text('one'))
  expect(await textOf(driver, 'a.jsonl')).toBe('one')
  expect(await readFile(join(dir, 'a.jsonl'), 'utf8')).toBe('one')
  await driver.close()

  const later = await setUp({ inner, dir })
  const got: unknown[] = []
  const watched: Driver = { ...inner, get: (name, options) => (got.push(options?.known), inner.get(name, options)) }
  later.engine.get = unreliable(watched).get
  expect(await textOf(later.driver, 'a.jsonl')).toBe('one')
  expect(await versionOf(later.driver, 'a.jsonl')).toBe(one)
  expect(await later.driver.get('a.jsonl', { known: one })).toBe('same')
  expect(got).toEqual([one, one, one])
  const two = await inner.put('a.jsonl', text('two'))
  expect(await textOf(later.driver, 'a.jsonl', one)).toBe('two')
  expect(await versionOf(later.driver, 'a.jsonl')).toBe(two)
  expect(await readFile(join(dir, 'a.jsonl'), 'utf8')).toBe('two')
  expect(engine.asked).toEqual(['get a.jsonl'])
})

test('what the engine has no more goes, but only what came from there, and as it came', async () => {
  const { inner, dir, driver } = await setUp()
  for (const name of ['a.jsonl', 'b.jsonl']) {
    await inner.put(name, text('one'))
    await textOf(driver, name)
    await inner.remove(name)
  }
  await writeFile(join(dir, 'b.jsonl'), 'edited by hand')
  await writeFile(join(dir, 'mine.jsonl'), 'mine')
  for (const name of ['a.jsonl', 'b.jsonl', 'mine.jsonl']) expect(await driver.get(name)).toBeUndefined()
  expect(await filesIn(dir)).toEqual(['b.jsonl', 'mine.jsonl'])
})

test('a copy that was edited, or that nobody knows, is asked for whole', async () => {
  const { inner, dir, driver } = await setUp()
  await inner.put('a.jsonl', text('one'))
  await textOf(driver, 'a.jsonl')
  await writeFile(join(dir, 'a.jsonl'), 'edited')
  expect(await textOf(driver, 'a.jsonl')).toBe('one')
  expect(await readFile(join(dir, 'a.jsonl'), 'utf8')).toBe('one')
  await inner.put('b.jsonl', text('two'))
  await writeFile(join(dir, 'b.jsonl'), 'of before')
  expect(await textOf(driver, 'b.jsonl')).toBe('two')
})

test('a directory that was moved, or brought back by a cache of CI, is still known', async () => {
  const { inner, dir, driver } = await setUp()
  await inner.put('a.jsonl', text('one'))
  await textOf(driver, 'a.jsonl')
  await driver.close()
  const elsewhere = join(await temporaryFolder(), 'cache')
  await cp(dir, elsewhere, { recursive: true })
  await utimes(join(elsewhere, 'a.jsonl'), 1, 1)
  const later = await setUp({ inner, dir: elsewhere })
  const parts: unknown[] = []
  const found = await inner.get('a.jsonl')
  later.engine.get = async (_name, options) => (parts.push(options?.known), options?.known ? 'same' : found)
  expect(await textOf(later.driver, 'a.jsonl')).toBe('one')
  expect(parts).toEqual([typeof found === 'object' && found.version])
})

test.each(['', '["a.jsonl","w1","gone', '[]\n{}\nno JSON\n["a.jsonl",1]\n'])(
  'a file of notes that is torn costs a download, and no more: %j',
  async (damage) => {
    const { inner, dir, driver } = await setUp()
    await inner.put('a.jsonl', text('one'))
    await textOf(driver, 'a.jsonl')
    await driver.close()
    const [name = ''] = (await readdir(join(dir, '.deltatape'))).filter((each) => each.endsWith('.jsonl'))
    await writeFile(join(dir, '.deltatape', name), damage)
    const torn = await setUp({ inner, dir })
    expect(await textOf(torn.driver, 'a.jsonl')).toBe('one')
    await torn.driver.close()
    const later = await setUp({ inner, dir })
    later.engine.trouble = away()
    expect(await versionOf(later.driver, 'a.jsonl')).toBe('w1')
  },
)

test('versions of another engine say nothing', async () => {
  const { inner, dir, driver } = await setUp()
  await inner.put('a.jsonl', text('one'))
  await textOf(driver, 'a.jsonl')
  const other = inMemory()
  await other.put('a.jsonl', text('another'))
  const engine: Driver = { ...other, place: 'memory://other' }
  const elsewhere = cached(engine, copiesIn(dir, engine, systemClock), { clock: systemClock, dir, warn() {} })
  expect(await textOf(elsewhere, 'a.jsonl')).toBe('another')
})

describe('while the engine is away', () => {
  test('what was read before is played, and told once; what was not is not there for all that', async () => {
    const { inner, engine, driver, told, stale, dir } = await setUp()
    const one = await inner.put('a.jsonl', text('one'))
    await inner.put('b.jsonl', text('never read'))
    await textOf(driver, 'a.jsonl')
    engine.trouble = away()
    expect(await textOf(driver, 'a.jsonl')).toBe('one')
    expect(await driver.get('a.jsonl', { known: one })).toBe('same')
    expect(await versionOf(driver, 'a.jsonl')).toBe(one)
    for (const name of ['b.jsonl', 'c.jsonl']) {
      await expect(driver.get(name)).rejects.toMatchObject({ code: 'store_away' })
    }
    await expect(driver.put('a.jsonl', text('two'))).rejects.toMatchObject({ code: 'store_away' })
    expect(told).toEqual([
      expect.stringContaining(`away: ECONNREFUSED. Until it is back, the directory "${dir}" answers`),
    ])
    expect(stale.count).toBe(3)
    expect(await textOf(driver, 'a.jsonl')).toBe('one')
  })

  test('it is not asked for each thing that is at hand, and heard when it is back', async () => {
    const { inner, engine, driver, told, time } = await setUp()
    await inner.put('a.jsonl', text('one'))
    await textOf(driver, 'a.jsonl')
    engine.trouble = away()
    engine.asked.length = 0
    for (let each = 0; each < 5; each++) expect(await textOf(driver, 'a.jsonl')).toBe('one')
    expect(engine.asked).toEqual(['get a.jsonl'])
    await inner.put('a.jsonl', text('two'))
    engine.trouble = undefined
    time.now += 2000
    expect(await textOf(driver, 'a.jsonl')).toBe('two')
    engine.trouble = away()
    expect(await textOf(driver, 'a.jsonl')).toBe('two')
    expect(told).toHaveLength(2)
  })

  test('of all who ask one finds out whether it is back, and does not wait for one that hangs', async () => {
    const { inner, engine, driver, time } = await setUp()
    await inner.put('a.jsonl', text('one'))
    await textOf(driver, 'a.jsonl')
    engine.trouble = away()
    await textOf(driver, 'a.jsonl')
    time.now += 2000
    engine.asked.length = 0
    const release = engine.hold()
    const all = Array.from({ length: 20 }, () => textOf(driver, 'a.jsonl'))
    expect(new Set(await Promise.all(all))).toEqual(new Set(['one']))
    expect(engine.asked).toEqual(['check'])
    await inner.put('a.jsonl', text('two'))
    engine.trouble = undefined
    release()
    await expect.poll(() => textOf(driver, 'a.jsonl')).toBe('two')
  })

  test('its lists are those of the directory, and of its index what was heard', async () => {
    const { inner, engine, driver, dir } = await setUp()
    for (const name of ['a.jsonl', 'b.jsonl', '.index/r/1/k1', '.index/r/2/k2']) await inner.put(name, text(''))
    await textOf(driver, 'a.jsonl')
    expect(await namesIn(driver, '.index/r/1/')).toEqual(['.index/r/1/k1'])
    await driver.put('.index/r/1/k0', text(''))
    engine.trouble = away()
    expect(await namesIn(driver)).toEqual(['a.jsonl'])
    expect(await namesIn(driver, '.index/r/1/')).toEqual(['.index/r/1/k0', '.index/r/1/k1'])
    expect(await namesIn(driver, '.index/r/2/')).toEqual([])
    await driver.close()
    const later = await setUp({ inner, dir })
    later.engine.trouble = away()
    expect(await namesIn(later.driver, '.index/r/1/')).toEqual(['.index/r/1/k0', '.index/r/1/k1'])
  })

  test('a server that only replays starts, one that would lose recordings does not', async () => {
    const { engine, driver, told } = await setUp()
    engine.trouble = away()
    await driver.check({ write: false })
    expect(told).toHaveLength(1)
    await expect(driver.check({ write: true })).rejects.toMatchObject({ code: 'store_away' })
  })

  test('an engine that refuses is no engine that is away', async () => {
    const { inner, engine, driver } = await setUp()
    await inner.put('a.jsonl', text('one'))
    await textOf(driver, 'a.jsonl')
    engine.trouble = new StoreError('store_refused', 'WRONGPASS')
    await expect(driver.get('a.jsonl')).rejects.toMatchObject({ code: 'store_refused' })
    await expect(driver.check({ write: false })).rejects.toMatchObject({ code: 'store_refused' })
    await expect(namesIn(driver)).rejects.toMatchObject({ code: 'store_refused' })
  })

  test('one that refuses when it is asked whether it is back is there: who asks is told', async () => {
    const { inner, engine, driver, time } = await setUp()
    await inner.put('a.jsonl', text('one'))
    await textOf(driver, 'a.jsonl')
    engine.trouble = away()
    expect(await textOf(driver, 'a.jsonl')).toBe('one')
    time.now += 2000
    engine.trouble = new StoreError('store_refused', 'WRONGPASS')
    await expect(driver.get('a.jsonl')).rejects.toMatchObject({ code: 'store_refused' })
  })
})

test('what is written goes to the engine and then to the directory; what is removed leaves both', async () => {
  const { inner, engine, driver, dir } = await setUp()
  const one = await driver.put('a.jsonl', text('one'))
  expect(await textOf(inner, 'a.jsonl')).toBe('one')
  expect(await driver.putIf('b.jsonl', text('two'), 'absent')).toBeDefined()
  expect(await driver.putIf('b.jsonl', text('three'), 'absent')).toBeUndefined()
  engine.trouble = away()
  expect(await textOf(driver, 'a.jsonl')).toBe('one')
  expect(await versionOf(driver, 'a.jsonl')).toBe(one)
  expect(await textOf(driver, 'b.jsonl')).toBe('two')
  engine.trouble = undefined
  expect(await driver.remove('a.jsonl', 'another')).toBe(false)
  expect(await filesIn(dir)).toEqual(['a.jsonl', 'b.jsonl'])
  expect(await driver.remove('a.jsonl', one)).toBe(true)
  expect(await filesIn(dir)).toEqual(['b.jsonl'])
  expect(await textOf(inner, 'a.jsonl')).toBeUndefined()
})

test('what is written anew while it is read is no copy: who reads it is told', async () => {
  const { inner, engine, driver, dir } = await setUp()
  await inner.put('a.jsonl', text('one'))
  const { get } = engine
  engine.get = async (...args) => {
    const got = await get(...args)
    const body = () => {
      throw new StoreError('store_changed', 'It is another one than a moment ago.')
    }
    return typeof got === 'object' ? { ...got, body } : got
  }
  await expect(textOf(driver, 'a.jsonl')).rejects.toMatchObject({ code: 'store_changed' })
  expect(await driver.get('a.jsonl')).toMatchObject({ name: 'a.jsonl' })
  expect(await filesIn(dir)).toEqual([])
  engine.get = get
  expect(await textOf(driver, 'a.jsonl')).toBe('one')
})

test('what the engine said before a write is not kept in the place of what was written', async () => {
  const { inner, engine, driver, dir } = await setUp()
  const { get } = engine
  /** Writes here while the engine answers. */
  const meanwhile = (words: string) => {
    engine.get = async (...args) => {
      const got = await get(...args)
      const whole = typeof got === 'object' ? await wholeOf(got) : undefined
      engine.get = get
      await driver.put('a.jsonl', text(words))
      return typeof got === 'object' && whole ? { ...got, body: () => [whole] } : got
    }
  }
  await inner.put('a.jsonl', text('one'))
  meanwhile('two')
  expect(await textOf(driver, 'a.jsonl')).toBe('one')
  expect(await readFile(join(dir, 'a.jsonl'), 'utf8')).toBe('two')
  await inner.remove('a.jsonl')
  meanwhile('three')
  expect(await textOf(driver, 'a.jsonl')).toBeUndefined()
  expect(await readFile(join(dir, 'a.jsonl'), 'utf8')).toBe('three')
})

test('a list that has begun is not gone on with by that of the directory', async () => {
  const { inner, engine, driver } = await setUp()
  await driver.put('a.jsonl', text('one'))
  engine.list = async function* (...args) {
    yield* inner.list(...args)
    throw away()
  }
  await expect(namesIn(driver)).rejects.toMatchObject({ code: 'store_away' })
})

test('a part is no copy', async () => {
  const { inner, driver, dir } = await setUp()
  await inner.put('a.jsonl', text('one and more'))
  const got = await driver.get('a.jsonl', { first: 3 })
  expect(typeof got === 'object' && (await wholeOf(got)).toString()).toBe('one')
  expect(await filesIn(dir)).toEqual([])
  await textOf(driver, 'a.jsonl')
  const again = await driver.get('a.jsonl', { first: 3 })
  expect(typeof again === 'object' && (await wholeOf(again)).toString()).toBe('one')
})

test.skipIf(process.getuid?.() === 0 || process.platform === 'win32')(
  'a directory that cannot be written is told once, and all goes on without it',
  async () => {
    const { inner, driver, dir, told } = await setUp()
    for (const name of ['a.jsonl', 'b.jsonl']) await inner.put(name, text(name))
    await textOf(driver, 'a.jsonl')
    await chmod(dir, 0o500)
    onTestFinished(() => chmod(dir, 0o700))
    for (const name of ['a.jsonl', 'b.jsonl']) expect(await textOf(driver, name)).toBe(name)
    await driver.put('c.jsonl', text('c'))
    expect(await textOf(driver, 'c.jsonl')).toBe('c')
    expect(told).toEqual([expect.stringContaining(`The directory "${dir}" of FIXTURES_CACHE keeps nothing`)])
  },
)

test('a file in the place of the directory is told once, and all goes on without it', async () => {
  const file = join(await temporaryFolder(), 'file')
  await writeFile(file, '')
  const { inner, driver, told } = await setUp({ dir: file })
  await inner.put('a.jsonl', text('one'))
  await driver.check({ write: false })
  for (let each = 0; each < 2; each++) expect(await textOf(driver, 'a.jsonl')).toBe('one')
  expect(told).toEqual([expect.stringMatching(/FIXTURES_CACHE keeps nothing of what is read: .*is no directory/)])
})

test('a directory that is not there yet is made', async () => {
  const dir = join(await temporaryFolder(), 'new')
  const { inner, driver } = await setUp({ dir })
  await inner.put('a.jsonl', text('one'))
  expect(await textOf(driver, 'a.jsonl')).toBe('one')
  expect(await filesIn(dir)).toEqual(['a.jsonl'])
  await rename(dir, `${dir}-gone`)
  expect(await textOf(driver, 'a.jsonl')).toBe('one')
  await rm(`${dir}-gone`, { recursive: true })
})

test('what others have put there under odd names is read, kept nowhere, and does not end that others are kept', async () => {
  const root = await temporaryFolder()
  const { inner, driver, told, engine } = await setUp({ dir: join(root, 'deep', 'fixtures') })
  const odd = ['a/../../../out.jsonl', 'out\0.jsonl', `${'o'.repeat(300)}.jsonl`, 'in.jsonl/out.jsonl']
  for (const name of [...odd, 'in.jsonl']) await inner.put(name, text(name))
  for (const name of [...odd, 'in.jsonl']) expect(await textOf(driver, name)).toBe(name)
  for (const name of odd) await driver.remove(name)
  expect(told).toEqual([])
  expect(await readdir(root, { recursive: true })).not.toContainEqual(expect.stringContaining('out'))
  engine.trouble = away()
  expect(await textOf(driver, 'in.jsonl')).toBe('in.jsonl')
})
