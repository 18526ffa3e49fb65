/** What stands in front of an engine so that one server does not ask it the same again and again. */
import { LRUCache } from 'lru-cache'
import type { Clock } from '../../base/clock.ts'
import type { Driver, GetOptions, Got, Page } from '../driver.ts'
import { sharedByName } from '../../base/shared.ts'

/** How long it counts that something was not there, in ms: whoever waits for it may be told in a moment that it is. */
const ABSENT_MS = 1000

/** How many names are remembered, some 300 bytes each. */
const MAX_NAMES = 50_000

interface FreshOptions {
  /** How long what the engine said counts, in ms. With 0 it is asked each time. */
  readonly forMs: number
  readonly clock: Pick<Clock, 'now'>
}

/**
 * Remembers which version an object had, or that it was absent, and asks the engine once for all who look it up at one
 * time. Who comes while a request is under way gets the next one: what was saved meanwhile is seen. What is written here
 * is known at once; what others write, after `forMs`.
 */
export function fresh(driver: Driver, { forMs, clock }: FreshOptions): Driver {
  const said = createSaid(forMs, clock)
  const listed = createListed(driver, forMs, clock)
  const share = sharedByName<Got>()

  const ask = async (name: string, options: GetOptions): Promise<Got> => {
    const answer = said.answer(name, options)
    if (answer) return answer.got
    const hear = said.listen(name)
    const got = await driver.get(name, options)
    hear(got === 'same' ? options.known : got?.version)
    return got
  }
  const writing = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const forget = () => (said.forget(name), listed.forget(name))
    forget()
    try {
      return await work()
    } finally {
      forget()
    }
  }

  return {
    place: driver.place,
    engine: driver.engine,
    dir: driver.dir,
    check: (options) => driver.check(options),
    get(name, options = {}) {
      const answer = said.answer(name, options)
      if (answer) return answer.got
      return share(JSON.stringify([name, options.known, options.first]), () => ask(name, options))
    },
    put: (name, bytes) => writing(name, () => driver.put(name, bytes)),
    putIf: (name, bytes, expected) => writing(name, () => driver.putIf(name, bytes, expected)),
    remove: (name, version) => writing(name, () => driver.remove(name, version)),
    list: (prefix = '', after = '') => listed.pages(prefix, after),
    close: () => driver.close(),
  }
}

/** What the engine said of a name, and until when that counts. */
interface Said {
  /** Undefined where there was nothing. */
  readonly version: string | undefined
  readonly until: number
}

function createSaid(forMs: number, clock: Pick<Clock, 'now'>) {
  const names = new LRUCache<string, Said>({ max: MAX_NAMES })
  let writes = 0
  return {
    /** What a lookup gives by what was said, if that counts. */
    answer(name: string, { known }: GetOptions): { readonly got: Got } | undefined {
      const said = names.get(name)
      if (said === undefined || clock.now() >= said.until) return undefined
      if (said.version === undefined) return ABSENT
      return said.version === known ? SAME : undefined
    },
    /** Begins a request; what it gives takes what the engine said. It counts from the question, not from the answer. */
    listen(name: string): (version: string | undefined) => void {
      const [asked, before] = [clock.now(), writes]
      return (version) => {
        const until = asked + (version === undefined ? Math.min(forMs, ABSENT_MS) : forMs)
        // What was asked before a write says nothing of what is there after it.
        if (writes === before && clock.now() < until) names.set(name, { version, until })
      }
    },
    forget(name: string): void {
      writes++
      names.delete(name)
    },
  }
}

/** How many short listings are remembered: what an index says of one answer is a line or two. */
const MAX_LISTINGS = 10_000

const MAX_ENTRIES = 8

interface Listed {
  readonly pages: readonly Page[]
  readonly until: number
}

/** Remembers short listings, as they are asked for with each turn of a conversation. */
function createListed({ list }: Pick<Driver, 'list'>, forMs: number, clock: Pick<Clock, 'now'>) {
  const known = new LRUCache<string, Listed>({ max: MAX_LISTINGS })
  let writes = 0
  return {
    async *pages(prefix: string, after: string): AsyncGenerator<Page, void> {
      const which = `${prefix}\n${after}`
      const before = known.get(which)
      if (before && clock.now() < before.until) return yield* before.pages
      const [asked, written] = [clock.now(), writes]
      const pages: Page[] = []
      let count = 0
      for await (const page of list(prefix, after)) {
        count += page.entries.length
        if (count <= MAX_ENTRIES) pages.push(page)
        yield page
      }
      // A conversation waits for what an index says; further takes of a call can wait.
      const isAwaited = count === 0 && prefix.startsWith('.')
      const until = asked + (isAwaited ? Math.min(forMs, ABSENT_MS) : forMs)
      if (count <= MAX_ENTRIES && writes === written && clock.now() < until) known.set(which, { pages, until })
    },
    /** What is written may belong to any listing whose prefix its name has. */
    forget(name: string): void {
      writes++
      for (const which of known.keys()) if (name.startsWith(which.slice(0, which.indexOf('\n')))) known.delete(which)
    },
  }
}

const SAME = { got: 'same' } as const

const ABSENT = { got: undefined } as const
