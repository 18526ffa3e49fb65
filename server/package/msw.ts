/** Handlers for those whose tests run under msw: no base URL is set, and no port is opened. */
import { type HttpHandler, HttpResponse, http } from 'msw'
import { systemClock } from '../base/clock.ts'
import { DeltatapeError } from '../base/errors.ts'
import { notInThisMode, parsePlan } from '../model/faults.ts'
import { readWish } from '../serve/answers.ts'
import type { Chunks, Reply } from '../serve/http/reply.ts'
import { responseOf } from '../serve/http/web.ts'
import { answerInside } from '../serve/inside.ts'
import { invocationIn } from '../serve/invocation.ts'
import { type Settings, configFrom } from '../serve/settings.ts'
import type { Told } from '../serve/turns.ts'
import type { Answer, AnsweredCall } from '../serve/wish.ts'

export type { Answer, AnsweredCall, Settings, Told as Turn }

/** Handlers, and what is asked through them. All of it is one client: msw does not tell who asks. */
export interface Tape extends Array<HttpHandler> {
  /** Whether answers are replayed, and nothing is called: only then can a test break them. */
  readonly replays: boolean
  /** What was asked since this was called last, in order: an account of each call that is over. */
  turns(): Told[]
  /** The calls without a fixture since this was called last. A test that expects one takes it away with this. */
  misses(): Told[]
  /**
   * Breaks the next answers of this test on purpose, so many or all; without words nothing breaks any more.
   *
   * @param words `reset@7`, `refuse:429`, …
   * @throws DeltatapeError `invalid_input` for words that are no fault, and in a mode that calls APIs
   */
  fault(words?: string, times?: number): void
  /**
   * Answers calls of this test in place of any fixture: `tape.answer('Say hi', text('Hello'))`.
   *
   * @throws DeltatapeError `invalid_input`
   */
  answer(call: AnsweredCall, said: Answer): void
  /**
   * Ends a test: its faults and answers are taken back. Throws if it made a call without a fixture, whatever the app made
   * of the error.
   *
   * @throws DeltatapeError `fixture_miss` with what each of them was told; `fixtures_unusable` if there is no such folder
   */
  endTest(): void
}

/**
 * Makes handlers for `setupServer(...tape, ...yours)`. They take what is sent to APIs that are known, at their real
 * addresses or at those that the variables name, and to the hosts of `upstreams`; all else is left to other handlers.
 *
 * @throws DeltatapeError `config_invalid` or `node_too_old`
 */
export function deltatape(settings: Settings = {}): Tape {
  const config = configFrom({ howToRecord: invocationIn(process.env), ...settings }, process.env)
  const inside = answerInside(config)
  const { names } = inside
  const book = createBook((name) => names.tell(name).told)
  /** Why no call is answered at all. */
  let obstacle: DeltatapeError | undefined

  const answer = async (request: Request): Promise<Response> => {
    try {
      const caller = names.caller(book.name())
      const { reply, client } = await inside.ask(request, { signal: request.signal, caller })
      return reply.body === 'broken' ? HttpResponse.error() : responseOf(breakable(reply), client)
    } catch (error) {
      // What is thrown here msw takes for a fault of the handler, and tells at length.
      if (request.signal.aborted) return HttpResponse.error()
      if (!(error instanceof DeltatapeError)) throw error
      obstacle = error
      return HttpResponse.json({ error: { code: error.code, message: error.message } }, { status: 500 })
    }
  }
  const handler = http.all(
    ({ request }) => inside.takes(request),
    ({ request }) => answer(request),
  )
  return Object.assign([handler], {
    replays: config.mode === 'replay',
    turns: book.turns,
    misses: book.misses,
    fault(words?: string, times = Infinity) {
      if (words) {
        if (config.mode !== 'replay') throw notInThisMode()
        parsePlan(words)
      }
      names.breakNext(book.name(), words || undefined, times)
    },
    answer: (call: AnsweredCall, said: Answer) =>
      names.answer(book.name(), readWish(JSON.stringify({ call, answer: said }))),
    endTest() {
      const told = new Set(book.misses().map(({ message }) => message ?? 'A call has no fixture.'))
      book.next()
      if (obstacle) throw obstacle
      if (told.size > 0) throw new DeltatapeError('fixture_miss', [...told].join('\n'))
    },
  })
}

/** Keeps the accounts of calls until somebody asks, and of those without a fixture until somebody asks for them. */
function createBook(tell: (name: string) => readonly string[]) {
  const turns: Told[] = []
  const misses: Told[] = []
  let tests = 0
  const nameOf = (test: number) => `msw-${test}`
  const read = (): void => {
    // A call of the test before may have ended late.
    for (const text of [tests - 1, tests].flatMap((test) => tell(nameOf(test)))) {
      const told: Told = JSON.parse(text)
      turns.push(told)
      if (told.action === 'miss') misses.push(told)
    }
  }
  const taking = (from: Told[]) => () => {
    read()
    return from.splice(0)
  }
  return {
    /** What the test that runs calls itself. */
    name: () => nameOf(tests),
    next() {
      turns.length = 0
      tests++
    },
    turns: taking(turns),
    misses: taking(misses),
  }
}

/** What a client reads is broken off where the answer breaks. */
function breakable(reply: Reply): Reply {
  const { headers, body } = reply
  if (body === 'broken' || 'byteLength' in body) return reply
  const isDelimited = headers.some(([name]) => /^(?:content-length|transfer-encoding)$/i.test(name))
  return {
    ...reply,
    // The end of the connection would be the end of the body, and a break would look like one.
    headers: isDelimited ? headers : [...headers, ['transfer-encoding', 'chunked']],
    body: notTooSoon(body),
  }
}

const turnOfTheLoop = () => new Promise<void>((resolve) => systemClock.soon(resolve))

/** The same, broken off once what came before has been read: msw throws that away with the connection. */
async function* notTooSoon(chunks: Chunks): Chunks {
  try {
    yield* chunks
  } catch (error) {
    await turnOfTheLoop()
    await turnOfTheLoop()
    throw error
  }
}
