/** What a test has in its hands: what it asked, and how that is answered. */
import { type Agent, request } from 'node:http'
import type { Answer, AnsweredCall } from '../../serve/wish.ts'
import { type Told, type Turn, addressOf, isMiss } from './told.ts'
import type { Asker } from './thread.ts'

export interface Tape {
  /** Where the server answers this test alone: the variables of SDKs lead there by themselves. */
  readonly url: string
  /** The same with `/v1`, as OpenAI's clients want it. */
  readonly baseURL: string
  /** What was asked since the test began, and what became of it. */
  turns(): Promise<readonly Turn[]>
  /** Whether answers are replayed, and nothing is called. */
  readonly replays: boolean
  /**
   * Breaks the next answers to this test: `reset@7`, `refuse:429`, … Without words no more of them break.
   *
   * @param times how many; all until the end of the test if it is missing
   */
  fault(words?: string, times?: number): Promise<void>
  /** Answers calls of this test, in place of any fixture: `tape.answer('Say hi', text('Hello'))`. */
  answer(call: AnsweredCall, said: Answer): Promise<void>
  /** Says that this test asks on purpose for what nobody recorded. */
  expectMiss(): void
}

/** What is wrong with a call, for whoever made it. */
export interface Missed {
  readonly message: string
}

/** A tape, for those who begin and end tests. */
export interface Handle extends Tape {
  /** The name under which it asks. */
  readonly name: string
  readonly asker: Asker
  /** Whether it made a call, or may have let others make one. */
  readonly hasAsked: boolean
  /** Whether a fault was asked for in a mode that has none. */
  readonly lacksFault: boolean
  /** Takes calls that are known to be no other test's, or that are not known at all. */
  take(turns: readonly Turn[]): void
  /** Ends the test. Gives what had no fixture, if that was not expected. */
  end(): Promise<readonly Missed[]>
}

/** What is asked of the server about a client. */
export interface Client {
  turns(): Promise<readonly Turn[]>
  fault(words?: string, times?: number): Promise<void>
  answer(call: AnsweredCall, said: Answer): Promise<void>
  end(): Promise<void>
}

/** Asks the server about a test, which is no call of that. Rejects with its words if it refuses. */
export type Ask = (method: string, url: string, body?: string) => Promise<string>

export function clientAt(address: string, ask: Ask): Client {
  return {
    async turns() {
      const turns: Turn[] = JSON.parse(await ask('GET', `${address}/turns`))
      return turns
    },
    async fault(words, times) {
      await ask('PUT', `${address}/fault`, words === undefined ? '' : JSON.stringify({ fault: words, times }))
    },
    async answer(call, said) {
      await ask('PUT', `${address}/answer`, JSON.stringify({ call, answer: said }))
    },
    async end() {
      await ask('DELETE', address)
    },
  }
}

export function askBy(agent: Agent, ...[method, url, body]: Parameters<Ask>): ReturnType<Ask> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, agent }, (response) => {
      let text = ''
      response
        .setEncoding('utf8')
        .on('data', (chunk) => (text += String(chunk)))
        .on('end', () =>
          (response.statusCode ?? 0) < 300 ? resolve(text) : reject(new Error(`deltatape: ${messageIn(text)}`)),
        )
        .on('error', reject)
    })
    sent.on('error', reject).end(body)
  })
}

/** The words of an error, which is JSON in the shape of the API that was asked. */
function messageIn(body: string): string {
  try {
    const { error } = JSON.parse(body)
    return String(error.message)
  } catch {
    return body
  }
}

export interface TapeParts {
  readonly told: Told
  readonly name: string
  readonly ask: Ask
  /** What is asked in this worker, and nobody knows by whom. */
  readonly around: Client
  /** Gives that to those who may have asked it. */
  readonly lookAround: () => Promise<void>
  /** Whether no other test runs at the same time. */
  readonly isAlone: () => boolean
  /** Whether tests that run at the same time are told apart. */
  readonly isSeparate: boolean
}

/** What a test asked, as far as it is known. */
function createRecord({ told, name, ask, lookAround }: TapeParts) {
  const own = clientAt(addressOf(told, name), ask)
  const seen: Turn[] = []
  const escapes: Missed[] = []
  let asked = false
  return {
    own,
    seen,
    escapes,
    get asked() {
      return asked
    },
    note: () => void (asked = true),
    async turns(): Promise<readonly Turn[]> {
      await lookAround()
      if (asked) seen.push(...(await own.turns()))
      return [...seen]
    },
  }
}

/** An action of the tape as a test calls it: what goes wrong in it stands at the line of the test, which is to be mended. */
function forTest<Args extends readonly unknown[]>(act: (...args: Args) => Promise<void>) {
  return async function called(...args: Args): Promise<void> {
    const place = { stack: '' }
    Error.captureStackTrace(place, called)
    try {
      await act(...args)
    } catch (error) {
      if (error instanceof Error) error.stack = place.stack.replace(/^.*/, () => `${error.name}: ${error.message}`)
      throw error
    }
  }
}

/** What a test wants of its answers. */
function createWishes({ told, around, isAlone, isSeparate }: TapeParts, own: Client) {
  let lacksFault = false
  let undo: (() => Promise<void>) | undefined
  /** All by which this test may ask. */
  const clients = (): readonly Client[] => {
    if (isAlone()) return [own, around]
    if (isSeparate) return [own]
    throw new Error(NOT_SEPARATE)
  }
  return {
    get lacksFault() {
      return lacksFault
    },
    fault: forTest(async (words?: string, times?: number) => {
      if (!told.replays) return void (lacksFault ||= words !== undefined)
      const all = clients()
      if (all.includes(around)) undo ??= around.fault
      for (const client of all) await client.fault(words, times)
    }),
    answer: forTest(async (call: AnsweredCall, said: Answer) => {
      const all = clients()
      if (all.includes(around)) undo = around.end
      for (const client of all) await client.answer(call, said)
    }),
    undo: async () => undo?.(),
  }
}

const NOT_SEPARATE =
  'deltatape: tests that run at the same time are told apart with vitest 4.1 or newer. With this one, leave concurrent away where answers are changed.'

export function createTape(parts: TapeParts): Handle {
  const { told, name, isSeparate } = parts
  const record = createRecord(parts)
  const wishes = createWishes(parts, record.own)
  let expects = false
  /** Whoever has its address may ask there, in whichever process. */
  const address = () => {
    record.note()
    return addressOf(told, name)
  }
  return {
    name,
    get url() {
      return address()
    },
    get baseURL() {
      return `${address()}/v1`
    },
    replays: told.replays,
    asker: {
      name: isSeparate ? name : undefined,
      onAsk: record.note,
      onEscape: (message) => void record.escapes.push({ message }),
    },
    get hasAsked() {
      return record.asked
    },
    get lacksFault() {
      return wishes.lacksFault
    },
    turns: record.turns,
    fault: wishes.fault,
    answer: wishes.answer,
    expectMiss: () => void (expects = true),
    take: (turns) => void record.seen.push(...turns),
    async end() {
      const turns = await record.turns()
      await wishes.undo()
      return expects ? [] : [...turns.filter(isMiss).map(missedIn), ...record.escapes]
    },
  }
}

const missedIn = ({ message = 'A call failed in deltatape itself.' }: Turn): Missed => ({ message })
