/** An engine whose state a test decides: it counts what it is asked, is held up, and goes away. */
import { type Driver, type Got, StoreError } from '../../server/store/driver.ts'

export interface TestEngine extends Driver {
  /** What it was asked, in order: `get a.jsonl`. */
  readonly asked: string[]
  /** Whether it throws `store_away`, or something else. */
  trouble: Error | undefined
  /** Makes what is asked from now on wait until the function that this gives is called. */
  hold(): () => void
}

export const away = (): StoreError => new StoreError('store_away', 'The engine test://engine is away: ECONNREFUSED.')

/** @param inner what it answers by while it is there */
export function unreliable(inner: Driver): TestEngine {
  const asked: string[] = []
  let held: Promise<unknown> = Promise.resolve()
  const ask = async <T>(what: string, work: () => T | Promise<T>): Promise<T> => {
    asked.push(what)
    await held
    if (engine.trouble) throw engine.trouble
    return work()
  }
  const engine: TestEngine = {
    place: 'test://engine',
    engine: 'test',
    asked,
    trouble: undefined,
    hold() {
      const { promise, resolve } = Promise.withResolvers<undefined>()
      held = promise
      return () => resolve(undefined)
    },
    check: (options) => ask('check', () => inner.check(options)),
    get: (name, options) => ask<Got>(`get ${name}`, () => inner.get(name, options)),
    put: (name, bytes) => ask(`put ${name}`, () => inner.put(name, bytes)),
    putIf: (name, bytes, expected) => ask(`putIf ${name}`, () => inner.putIf(name, bytes, expected)),
    remove: (name, version) => ask(`remove ${name}`, () => inner.remove(name, version)),
    async *list(prefix, after) {
      await ask(`list ${prefix ?? ''}`, () => {})
      yield* inner.list(prefix, after)
    },
    close: () => inner.close(),
  }
  return engine
}

/** An engine in memory: a version counts its writes. */
export function inMemory(): Driver {
  const held = new Map<string, { readonly version: string; readonly bytes: Uint8Array }>()
  let writes = 0
  const write = (name: string, bytes: Uint8Array): string => {
    const version = `w${++writes}`
    held.set(name, { version, bytes: Buffer.from(bytes) })
    return version
  }
  return {
    place: 'memory://',
    engine: 'memory',
    async check() {},
    get(name, { known, first } = {}) {
      const found = held.get(name)
      if (!found) return undefined
      const { version, bytes } = found
      if (version === known) return 'same'
      return { name, version, bytes: bytes.length, body: () => [bytes.subarray(0, first)] }
    },
    put: async (name, bytes) => write(name, bytes),
    async putIf(name, bytes, expected) {
      const version = held.get(name)?.version
      return version === (expected === 'absent' ? undefined : expected.version) ? write(name, bytes) : undefined
    },
    async remove(name, version) {
      if (version !== undefined && held.get(name)?.version !== version) return false
      return held.delete(name)
    },
    async *list(prefix = '', after = '') {
      const names = [...held.keys()].filter((name) => name.startsWith(prefix) && name > after).toSorted()
      yield { entries: names.map((name) => ({ name, version: held.get(name)?.version })) }
    },
    async close() {},
  }
}
