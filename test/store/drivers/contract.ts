/** What every driver has to do, whatever engine it stands for: the tests of one are the tests of all. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { nextTurn, systemClock } from '../../../server/base/clock.ts'
import { type Driver, type Found, type Got, type OpenDriver, wholeOf } from '../../../server/store/driver.ts'

export interface Contract {
  /** The word that the driver has for its kind of engine. */
  readonly engine: string
  readonly open: OpenDriver
  /** Gives a value of FIXTURES where nothing is yet, and that no other test has. */
  readonly freshPlace: () => string | Promise<string>
  /** Whether a listing passes over names of which a part begins with a dot. */
  readonly hidesDots?: boolean
}

/** How long one operation may take, in ms: engines of tests share a machine with much else. */
const TIMEOUT_MS = 30_000

const text = (words: string) => Buffer.from(words)

/** Names that something on the way may take for something else. */
const ODD = [
  'a b+c.jsonl',
  'a%20b.jsonl',
  'a%2Fb.jsonl',
  'a%.jsonl',
  'it\'s <b>&amp; "more".jsonl',
  'what?#;=@:,!~$()[]{}^|`.jsonl',
  '*.jsonl',
  '_.jsonl',
  'back\\slash.jsonl',
  'é.jsonl',
  'приветствие.jsonl',
  '日本語.jsonl',
  // By the units of UTF-16 the second comes before the first.
  '\uff5e.jsonl',
  '\u{1f44b}.jsonl',
  ' .jsonl',
  `${'x'.repeat(249)}.jsonl`,
  `${'語'.repeat(83)}.jsonl`,
  `${'f'.repeat(255)}/${'é'.repeat(127)}/${'x'.repeat(249)}.jsonl`,
]

const inOrder = (names: readonly string[]) =>
  names.toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)))

/** An object that has to be there. */
function there(got: Got): Found {
  if (got === undefined || got === 'same') throw new Error(`There is no object, but ${got}.`)
  return got
}

const found = async (driver: Driver, name: string): Promise<Found> => there(await driver.get(name))

const read = async (driver: Driver, name: string): Promise<string | undefined> => {
  const got = await driver.get(name)
  return got === undefined ? undefined : (await wholeOf(there(got))).toString()
}

async function namesOf(driver: Driver, prefix?: string, after?: string): Promise<string[]> {
  const names: string[] = []
  for await (const { entries } of driver.list(prefix, after)) names.push(...entries.map(({ name }) => name))
  return names
}

/** Puts many, some at a time. Each holds its own name. */
async function fill(driver: Driver, names: readonly string[]): Promise<void> {
  const rest = names.values()
  const lane = async () => {
    for (const name of rest) await driver.put(name, text(name))
  }
  await Promise.all(Array.from({ length: 32 }, lane))
}

/** The whole of what was found, or undefined if it was written over meanwhile. */
const wholeOrChanged = (what: Found): Promise<Buffer | undefined> =>
  wholeOf(what).catch((error: unknown) => {
    expect(error).toMatchObject({ name: 'DeltatapeError', code: 'store_changed' })
    return undefined
  })

/** Tests a driver. */
export function testContract(contract: Contract): void {
  const open = (place: string): Driver => {
    const driver = contract.open({ place, clock: systemClock, timeoutMs: TIMEOUT_MS })
    onTestFinished(() => driver.close())
    return driver
  }
  /** A driver of a place of its own, and another one of the same place, as another machine has it. */
  const fresh = async (): Promise<[Driver, Driver]> => {
    const place = await contract.freshPlace()
    return [open(place), open(place)]
  }
  describe(`the contract of drivers, on ${contract.engine}`, () => {
    testSingle(contract, fresh)
    testConditions(fresh)
    testLists(contract, fresh)
    testBodies(fresh)
  })
}

type Fresh = () => Promise<[Driver, Driver]>

function testSingle({ engine }: Contract, fresh: Fresh): void {
  test('says what it is, and that it can be used', async () => {
    const [driver] = await fresh()
    expect(driver.engine).toBe(engine)
    expect(driver.place).not.toBe('')
    await driver.check({ write: true })
    await driver.check({ write: false })
    expect(await namesOf(driver)).toEqual([])
  })

  test('what was put is got by its name, here and elsewhere, and nothing else is', async () => {
    const [driver, other] = await fresh()
    await driver.put('a-1.jsonl', text('one\n'))
    for (const each of [driver, other]) {
      expect(await read(each, 'a-1.jsonl')).toBe('one\n')
      for (const name of ['a-2.jsonl', 'a-1', 'a-1.jsonl2', 'b/a-1.jsonl']) expect(await each.get(name)).toBeUndefined()
    }
  })

  test('the version of a put is that of the get; a later put has another', async () => {
    const [driver, other] = await fresh()
    const one = await driver.put('a.jsonl', text('one'))
    expect(await found(driver, 'a.jsonl')).toMatchObject({ name: 'a.jsonl', version: one, bytes: 3 })
    expect(await found(other, 'a.jsonl')).toMatchObject({ name: 'a.jsonl', version: one, bytes: 3 })
    const two = await other.put('a.jsonl', text('two.'))
    expect(two).not.toBe(one)
    expect(await found(driver, 'a.jsonl')).toMatchObject({ version: two, bytes: 4 })
    expect(await read(driver, 'a.jsonl')).toBe('two.')
  })

  test('what has a known version is the same, and nothing that has passed is', async () => {
    const [driver, other] = await fresh()
    const known = await driver.put('a.jsonl', text('one'))
    for (const each of [driver, other]) expect(await each.get('a.jsonl', { known })).toBe('same')
    expect(await driver.get('a.jsonl', { known, first: 2 })).toBe('same')
    expect(there(await driver.get('a.jsonl', { known: 'of elsewhere' })).version).toBe(known)
    await other.put('a.jsonl', text('two'))
    const got = there(await driver.get('a.jsonl', { known }))
    expect((await wholeOf(got)).toString()).toBe('two')
    await other.remove('a.jsonl')
    expect(await driver.get('a.jsonl', { known })).toBeUndefined()
    expect(await driver.get('none.jsonl', { known })).toBeUndefined()
  })

  test('names are names, however odd', async () => {
    const [driver, other] = await fresh()
    await fill(driver, ODD)
    expect(await namesOf(other)).toEqual(inOrder(ODD))
    for (const name of ODD) {
      expect(await read(other, name)).toBe(name)
      expect(await namesOf(driver, name)).toEqual([name])
      const { version } = await found(driver, name)
      expect(await driver.putIf(name, text('x'), 'absent')).toBeUndefined()
      expect(await driver.putIf(name, text('new'), { version })).toEqual(expect.any(String))
      expect(await read(other, name)).toBe('new')
      await other.remove(name)
    }
    expect(await namesOf(other)).toEqual([])
  })

  test('removes, also what is gone', async () => {
    const [driver, other] = await fresh()
    await driver.put('a.jsonl', text('one'))
    expect(await driver.remove('a.jsonl')).toBe(true)
    await driver.remove('a.jsonl')
    await other.remove('never.jsonl')
    expect(await read(driver, 'a.jsonl')).toBeUndefined()
    expect(await namesOf(other)).toEqual([])
    expect(await other.putIf('a.jsonl', text('new'), 'absent')).toEqual(expect.any(String))
  })

  test('removes what has a version if it still has it', async () => {
    const [driver, other] = await fresh()
    const one = await driver.put('a.jsonl', text('one'))
    const two = await other.put('a.jsonl', text('two'))
    expect(await driver.remove('a.jsonl', one)).toBe(false)
    expect(await driver.remove('a.jsonl', 'of elsewhere')).toBe(false)
    expect(await read(driver, 'a.jsonl')).toBe('two')
    expect(await driver.remove('a.jsonl', two)).toBe(true)
    expect(await read(other, 'a.jsonl')).toBeUndefined()
    expect(await driver.remove('a.jsonl', two)).toBe(false)
  })

  test('two places on one engine do not see each other', async () => {
    const [[driver], [elsewhere]] = [await fresh(), await fresh()]
    await driver.put('a.jsonl', text('one'))
    expect(await read(elsewhere, 'a.jsonl')).toBeUndefined()
    expect(await namesOf(elsewhere)).toEqual([])
    expect(await elsewhere.putIf('a.jsonl', text('two'), 'absent')).toEqual(expect.any(String))
    await elsewhere.remove('a.jsonl')
    expect(await read(driver, 'a.jsonl')).toBe('one')
    expect(await namesOf(driver)).toEqual(['a.jsonl'])
  })
}

const RACERS = 20

function testConditions(fresh: Fresh): void {
  /** What each of many racers was given, half of them elsewhere. */
  const race = ([driver, other]: [Driver, Driver], expected: 'absent' | { version: string }) =>
    Promise.all(
      Array.from({ length: RACERS }, (_, index) =>
        (index % 2 === 0 ? driver : other).putIf('a.jsonl', text(`racer ${index}`), expected),
      ),
    )

  test('what is not there is made once, whoever asks', async () => {
    const both = await fresh()
    const given = await race(both, 'absent')
    const winner = given.findIndex((version) => version !== undefined)
    expect(given.filter((version) => version !== undefined)).toHaveLength(1)
    for (const each of both) {
      expect(await read(each, 'a.jsonl')).toBe(`racer ${winner}`)
      expect((await found(each, 'a.jsonl')).version).toBe(given[winner])
      expect(await each.putIf('a.jsonl', text('later'), 'absent')).toBeUndefined()
      expect(await read(each, 'a.jsonl')).toBe(`racer ${winner}`)
    }
    expect(await namesOf(both[0])).toEqual(['a.jsonl'])
  })

  test('what has the expected version is replaced once, whoever asks', async () => {
    const both = await fresh()
    let version = await both[0].put('a.jsonl', text('first'))
    for (let round = 0; round < 3; round++) {
      const given = await race(both, { version })
      const winner = given.findIndex((each) => each !== undefined)
      expect(given.filter((each) => each !== undefined)).toHaveLength(1)
      expect(await read(both[1], 'a.jsonl')).toBe(`racer ${winner}`)
      version = (await found(both[0], 'a.jsonl')).version
      expect(version).toBe(given[winner])
      version = await both[0].put('a.jsonl', text(`round ${round}`))
    }
    expect(await namesOf(both[1])).toEqual(['a.jsonl'])
  })

  test('what has another version than the expected one stays as it is', async () => {
    const [driver, other] = await fresh()
    const passed = await driver.put('a.jsonl', text('one'))
    await other.put('a.jsonl', text('two'))
    for (const version of [passed, 'of elsewhere']) {
      expect(await driver.putIf('a.jsonl', text('three'), { version })).toBeUndefined()
      expect(await driver.putIf('b.jsonl', text('three'), { version })).toBeUndefined()
    }
    expect(await read(driver, 'a.jsonl')).toBe('two')
    expect(await read(driver, 'b.jsonl')).toBeUndefined()
    expect(await namesOf(driver)).toEqual(['a.jsonl'])
  })
}

/** Enough for several pages of any engine. */
const MANY = Array.from({ length: 2345 }, (_, index) => `n-${String(index).padStart(5, '0')}.jsonl`)

function testLists({ hidesDots = false }: Contract, fresh: Fresh): void {
  const given = [
    'a-1.jsonl',
    'a-10.jsonl',
    'a-2.jsonl',
    'a.jsonl',
    'a/b.jsonl',
    'a0.jsonl',
    'Z.jsonl',
    'b.jsonl',
    'é.jsonl',
  ]

  test('lists by prefix, behind a name, in the order of bytes', async () => {
    const [driver, other] = await fresh()
    await fill(driver, given)
    const all = inOrder(given)
    for (const each of [driver, other]) {
      expect(await namesOf(each)).toEqual(all)
      expect(await namesOf(each, '')).toEqual(all)
      expect(await namesOf(each, 'a-1')).toEqual(['a-1.jsonl', 'a-10.jsonl'])
      expect(await namesOf(each, 'a-1.jsonl')).toEqual(['a-1.jsonl'])
      expect(await namesOf(each, 'é')).toEqual(['é.jsonl'])
      expect(await namesOf(each, 'nothing')).toEqual([])
      expect(await namesOf(each, 'zz')).toEqual([])
      for (const after of [...given, 'a-15', 'b', '0', 'zz', 'üx'])
        expect(await namesOf(each, '', after)).toEqual(
          all.filter((name) => Buffer.compare(text(name), text(after)) > 0),
        )
      expect(await namesOf(each, 'a-', 'a-1.jsonl')).toEqual(['a-10.jsonl', 'a-2.jsonl'])
      expect(await namesOf(each, 'a-', 'Z')).toEqual(['a-1.jsonl', 'a-10.jsonl', 'a-2.jsonl'])
      expect(await namesOf(each, 'a-', 'b')).toEqual([])
    }
  })

  test('shows at once what was put and removed, here and elsewhere', async () => {
    const [driver, other] = await fresh()
    const names = new Set<string>()
    for (let round = 0; round < 12; round++) {
      const [one, two] = [`${round}-one.jsonl`, `${round}/two.jsonl`]
      await driver.put(one, text('x'))
      await driver.putIf(two, text('x'), 'absent')
      for (const name of [one, two]) names.add(name)
      expect(await namesOf(driver)).toEqual(inOrder([...names]))
      expect(await namesOf(other)).toEqual(inOrder([...names]))
      await driver.remove(one)
      names.delete(one)
      expect(await namesOf(driver)).toEqual(inOrder([...names]))
      expect(await namesOf(other)).toEqual(inOrder([...names]))
    }
  })

  test('lists thousands, each once; who has enough may stop', async () => {
    const [driver, other] = await fresh()
    await fill(driver, MANY)
    for (const each of [driver, other]) {
      expect(await namesOf(each)).toEqual(MANY)
      expect(await namesOf(each, 'n-01')).toEqual(MANY.slice(1000, 2000))
      expect(await namesOf(each, 'n-', 'n-00999.jsonl')).toEqual(MANY.slice(1000))
      const some: string[] = []
      for await (const { entries } of each.list('', 'n-00004')) {
        some.push(...entries.map(({ name }) => name))
        break
      }
      expect(some.length).toBeGreaterThan(0)
      expect(some).toEqual(MANY.slice(4, 4 + some.length))
    }
  })

  test('says nothing wrong of what it lists', async () => {
    const [driver] = await fresh()
    await fill(driver, given)
    for await (const { entries, unknown = [] } of driver.list()) {
      expect(unknown).toEqual([])
      for (const { name, version, bytes } of entries) {
        const now = await found(driver, name)
        if (version !== undefined) expect(version).toBe(now.version)
        if (bytes !== undefined) expect(bytes).toBe(now.bytes)
      }
    }
  })

  test(`keeps an index in names that begin with a dot${hidesDots ? ', which no listing shows' : ''}`, async () => {
    const [driver, other] = await fresh()
    const index = ['.index/r/1/k1', '.index/r/1/k2', '.index/r/10/k3', '.index/r/2/k4']
    expect(await namesOf(driver)).toEqual([])
    for (const name of index) await driver.put(name, text(''))
    await driver.put('a.jsonl', text('x'))
    for (const name of index) expect(await read(other, name)).toBe('')
    for (const each of [driver, other])
      expect(await namesOf(each)).toEqual(hidesDots ? ['a.jsonl'] : [...index, 'a.jsonl'])
    expect(await namesOf(other, '.index/r/1/')).toEqual(hidesDots ? [] : ['.index/r/1/k1', '.index/r/1/k2'])
  })
}

/** So many bytes that no driver holds them in one piece of its own liking; which ones follows from the seed. */
const bytesOf = (length: number, seed: number) => {
  const bytes = Buffer.alloc(length)
  for (let at = 0, value = seed; at < length; at++) {
    value = (Math.imul(value, 1_664_525) + 1_013_904_223) >>> 0
    bytes[at] = value >>> 24
  }
  return bytes
}

const MiB = 1024 * 1024

/** The longest piece of a body, in bytes. */
const MAX_PIECE_BYTES = 8 * MiB

function testBodies(fresh: Fresh): void {
  test.each([0, 1, 70_000, 256 * 1024, 256 * 1024 + 1, 12 * MiB + 1])(
    '%i bytes come back as they were',
    async (length) => {
      const [driver, other] = await fresh()
      const bytes = bytesOf(length, length)
      const version = await driver.put('bytes.bin', bytes)
      for (const each of [driver, other]) {
        const got = await found(each, 'bytes.bin')
        expect(got).toMatchObject({ version, bytes: length })
        for (let time = 0; time < 2; time++) {
          const pieces: Uint8Array[] = []
          for await (const piece of got.body()) pieces.push(Buffer.from(piece))
          expect(Math.max(0, ...pieces.map((piece) => piece.length))).toBeLessThanOrEqual(MAX_PIECE_BYTES)
          expect(Buffer.concat(pieces).equals(bytes)).toBe(true)
        }
      }
    },
  )

  test('gives the beginning alone', async () => {
    const [driver] = await fresh()
    const bytes = bytesOf(3 * MiB, 1)
    await driver.put('a.jsonl', bytes)
    for (const first of [1, 1000, 65_536, MiB + 1, 3 * MiB, 5 * MiB]) {
      const got = there(await driver.get('a.jsonl', { first }))
      expect(got.bytes).toBe(bytes.length)
      expect((await wholeOf(got)).equals(bytes.subarray(0, first))).toBe(true)
    }
    await driver.put('a.jsonl', text(''))
    expect(await wholeOf(there(await driver.get('a.jsonl', { first: 10 })))).toHaveLength(0)
  })

  test('bytes that were put may be used for something else afterwards', async () => {
    const [driver] = await fresh()
    const bytes = Buffer.from('one')
    await driver.put('a.jsonl', bytes)
    bytes.fill('x')
    expect(await read(driver, 'a.jsonl')).toBe('one')
  })

  test.each([40_000, 300_000, 5 * MiB])(
    'what was found is read whole or has changed, once it is written over or gone: %i bytes',
    async (length) => {
      const [driver, other] = await fresh()
      const [one, two] = [bytesOf(length, 1), bytesOf(length + 1, 2)]
      await driver.put('a.jsonl', one)
      const changes = [[one, () => other.put('a.jsonl', two)] as const, [two, () => other.remove('a.jsonl')] as const]
      for (const [held, change] of changes) {
        const [during, after] = [await found(driver, 'a.jsonl'), await found(driver, 'a.jsonl')]
        for (const whole of [await readFrom(during, change), await wholeOrChanged(after)])
          if (whole !== undefined) expect(whole.equals(held)).toBe(true)
      }
      expect(await driver.get('a.jsonl')).toBeUndefined()
    },
  )

  test('a reader sees one version or the other, whole, while others write', async () => {
    const [driver, other] = await fresh()
    const bodies = [bytesOf(300_000, 1), bytesOf(2 * MiB, 2), bytesOf(20_000, 3)]
    const put = (round: number) => other.put('a.jsonl', bodies[round % 3] ?? Buffer.alloc(0))
    await put(0)
    const done = new AbortController()
    let reads = 0
    const writing = (async () => {
      for (let round = 1; round <= 40; round++) await put(round)
    })().finally(() => done.abort())
    const reading = async () => {
      while (!done.signal.aborted) {
        // A driver may give all of it without a turn of the event loop.
        await nextTurn()
        const got = await found(driver, 'a.jsonl')
        const whole = await wholeOrChanged(got)
        if (whole === undefined) continue
        reads++
        expect(bodies.some((body) => body.length === got.bytes && body.equals(whole))).toBe(true)
      }
    }
    await Promise.all([writing, reading(), reading(), reading()])
    expect(reads).toBeGreaterThan(0)
    expect((await found(driver, 'a.jsonl')).bytes).toBe(bodies[1]?.length)
  })
}

/** Reads, and lets something happen after the first piece. Gives undefined if that was told. */
async function readFrom(what: Found, happen: () => Promise<unknown>): Promise<Buffer | undefined> {
  const pieces: Uint8Array[] = []
  try {
    for await (const piece of what.body()) {
      if (pieces.push(Buffer.from(piece)) === 1) await happen()
    }
    return Buffer.concat(pieces)
  } catch (error) {
    expect(error).toMatchObject({ code: 'store_changed' })
    return undefined
  }
}
