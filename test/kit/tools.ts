/** What tests need to run the server and its parts: a folder of their own, a log to read, a clock that they turn. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import type { Context } from '../../server/command/command.ts'
import { runCli } from '../../server/command/index.ts'
import type { Terminal } from '../../server/command/terminal.ts'
import type { Head } from '../../server/api/api.ts'
import type { Call } from '../../server/api/call.ts'
import type { Ending } from '../../server/api/ending.ts'
import type { ModelEvent } from '../../server/api/event.ts'
import { responses } from '../../server/api/responses/index.ts'
import { type AnswerRecord, bytesOf, eventsIn } from '../../server/api/record.ts'
import { systemClock, type Clock } from '../../server/base/clock.ts'
import type { Environment } from '../../server/base/variables.ts'
import { readConfig, type Config } from '../../server/serve/config.ts'
import { createModel } from '../../server/model/index.ts'
import { live } from '../../server/model/live.ts'
import type { Action, Answer as ModelAnswer, Model } from '../../server/model/model.ts'
import { type Pace } from '../../server/model/pace.ts'
import { record } from '../../server/model/record.ts'
import type { RecordOptions } from '../../server/model/recording.ts'
import { miss, replay } from '../../server/model/replay.ts'
import { createTakes } from '../../server/model/takes.ts'
import { createDispatcher } from '../../server/model/transport/dispatcher.ts'
import { createHttpTransport } from '../../server/model/transport/http.ts'
import { createSdkTransport } from '../../server/model/transport/sdk.ts'
import { createRedactor, secretsOf, type Redactor } from '../../server/redact/redactor.ts'
import { createLog, type Log } from '../../server/serve/log.ts'
import { createMetrics } from '../../server/serve/metrics/metrics.ts'
import { startServer, type RunningServer } from '../../server/serve/server.ts'
import { openDirectory } from '../../server/store/drivers/directory.ts'
import { openDriver } from '../../server/store/open.ts'
import { flagsFor } from '../../server/store/place.ts'
import { openStore, type Store } from '../../server/store/store.ts'
import { STREAM, callOf, toRecords } from './calls.ts'
import { startStandIn, type Answer, type Call as StandInCall, type StandIn } from './standin.ts'

/** What is called with what has to be undone: the end of a test, or of a file. */
type AtTheEnd = (undo: () => Promise<void>) => void

/** An empty folder that goes with the test. */
export async function temporaryFolder(atTheEnd: AtTheEnd = onTestFinished): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'deltatape-'))
  atTheEnd(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

/** A log whose lines can be read. */
export function readableLog(redactor: Redactor = createRedactor()): { log: Log; lines: string[] } {
  const lines: string[] = []
  return { lines, log: createLog({ level: 'debug', redactor, stream: { write: (line) => void lines.push(line) } }) }
}

/** A server on a free port, stopped after the test. */
export async function runServer(
  env: Record<string, string>,
  parts: { clock?: Clock } = {},
): Promise<RunningServer & { lines: string[]; config: Config }> {
  const config = readConfig({ PORT: '0', FIXTURES_DIR: 'fixtures', ...env })
  const redactor = createRedactor(secretsOf(config))
  const { log, lines } = readableLog(redactor)
  const clock = parts.clock ?? systemClock
  const metrics = config.metrics ? createMetrics(config, clock) : undefined
  const { watch, onStale } = metrics ?? {}
  const driver = openDriver({ ...config, mayBeMissing: false }, { clock, watch, onStale })
  const store = openStore({ driver, redactor, clock, flags: flagsFor(config.fixturesDir, config.configFile) })
  const server = await startServer(config, { log, redactor, store, clock, metrics })
  onTestFinished(() => server.close(0))
  return { ...server, lines, config }
}

/** A stand-in upstream that goes with the test. */
export async function runStandIn(answer: (call: StandInCall, index: number) => Answer): Promise<StandIn> {
  const standIn = await startStandIn(answer)
  onTestFinished(() => standIn.close())
  return standIn
}

/** A directory, as a store is told of it. */
export const openTestDirectory = (dir: string, clock = systemClock) =>
  openDirectory({ place: dir, clock, timeoutMs: 10_000 })

export const openTestStore = (dir: string, redactor = createRedactor(), clock = systemClock): Store =>
  openStore({ driver: openTestDirectory(dir, clock), redactor, clock })

/** A clock that goes as the test says; what sleeps or waits is woken in order. */
export function manualClock(): Clock & { advance(ms: number): Promise<void> } {
  let time = 0
  const waiting = new Set<{ due: number; wake: () => void }>()
  const add = (ms: number, wake: () => void) => {
    const entry = { due: time + ms, wake }
    waiting.add(entry)
    return entry
  }
  return {
    now: () => time,
    date: () => new Date(Date.UTC(2026, 10, 24) + time),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const entry = add(ms, resolve)
        const abort = () => {
          waiting.delete(entry)
          reject(signal.reason)
        }
        if (signal.aborted) abort()
        signal.addEventListener('abort', abort, { once: true })
      }),
    timer(ms, act) {
      let entry = add(ms, act)
      return {
        refresh() {
          waiting.delete(entry)
          entry = add(ms, act)
        },
        clear: () => void waiting.delete(entry),
      }
    },
    soon: systemClock.soon,
    async advance(ms) {
      const end = time + ms
      await settle()
      for (;;) {
        const [next] = [...waiting].filter(({ due }) => due <= end).toSorted((a, b) => a.due - b.due)
        if (!next) break
        waiting.delete(next)
        time = Math.max(time, next.due)
        next.wake()
        await settle()
      }
      time = end
    },
  }
}

/** Lets everything that is ready run. */
export const settle = () => new Promise((resolve) => setImmediate(resolve))

/** A model's answer, read to its end. */
export interface Drained {
  readonly head: Head | undefined
  readonly action: Action | undefined
  readonly records: readonly AnswerRecord[]
  readonly events: readonly ModelEvent[]
  readonly batches: number
  /** What was thrown: before the head, or after the last record. */
  readonly error: unknown
}

/** Everything that a model answers, and what it throws in the end. */
export async function drain(
  model: Model,
  asked: Readonly<Record<string, unknown>> | Call,
  signal: AbortSignal = new AbortController().signal,
): Promise<Drained> {
  const records: AnswerRecord[] = []
  let batches = 0
  let answer: ModelAnswer | undefined
  let error: unknown
  try {
    answer = await model(isCall(asked) ? asked : callOf(asked), signal)
    for await (const { items } of answer.records) {
      batches++
      records.push(...items)
    }
  } catch (thrown) {
    error = thrown
  }
  return { head: answer?.head, action: answer?.action, records, events: eventsIn(records), batches, error }
}

const isCall = (asked: object): asked is Call => 'api' in asked && 'content' in asked

/** The text of an answer's body. */
export const bodyOf = (records: readonly AnswerRecord[]): string => bytesOf(records).toString()

/** A model that calls a stand-in, with deadlines that a test can bear. */
export function liveFrom(
  standIn: Pick<StandIn, 'url'>,
  {
    apiKey = 'sk-stand-in',
    ...options
  }: Partial<Parameters<typeof live>[0]> & { readonly apiKey?: string | undefined } = {},
): Model {
  const to = { baseURL: standIn.url, apiKey, dispatcher: createDispatcher({}) }
  return live({
    http: createHttpTransport(to),
    sdk: createSdkTransport(to),
    firstEventTimeoutMs: 5000,
    idleTimeoutMs: 5000,
    turnTimeoutMs: 5000,
    maxEventBytes: 2 ** 26,
    clock: systemClock,
    ...options,
  })
}

/** Answers a call by its input. */
export const byInput =
  (answers: Readonly<Record<string, Answer>>) =>
  ({ body }: StandInCall): Answer =>
    answers[String(body.input)] ?? { status: 400, body: '{"error":{"message":"Nothing is scripted for this."}}' }

/** A model that records what `model` answers. */
export const recordInto = (store: Store, model: Model, options: Partial<RecordOptions> = {}): Model =>
  record(model, store, {
    recordFailures: false,
    maxRecordingBytes: 2 ** 28,
    upstream: 'stand-in',
    takes: createTakes({ recordTakes: false }),
    redactor: createRedactor(),
    clock: systemClock,
    ...options,
  })

/** The model that a configuration asks for. */
export const modelFor = (config: Config): Model =>
  createModel(config, {
    store: openTestStore(config.fixturesDir),
    redactor: createRedactor(),
    clock: systemClock,
  })

/** Replay as the mode has it. */
export const replayFrom = (store: Store, pace: Pace, clock: Clock): Model =>
  replay(store, { pace, clock, accepts: () => true, otherwise: miss(store) })

/** An answer for {@link folderWith}: its events, and how it ended. */
export interface Shelved {
  readonly events: readonly Readonly<Record<string, unknown>>[]
  readonly ending?: Ending
}

/** A folder with a fixture for each input, as the chat server would have recorded it. */
export async function folderWith(answers: Readonly<Record<string, Shelved>>, atTheEnd?: AtTheEnd): Promise<string> {
  const dir = await temporaryFolder(atTheEnd)
  const store = openTestStore(dir)
  const whole: Ending = { end: 'complete' }
  for (const [input, { events, ending = whole }] of Object.entries(answers)) {
    const records = toRecords(events)
    const responseId = responses.answerId({ method: 'POST', path: '/v1/responses' }, eventsIn(records))
    await store.save({
      ...(await store.identify(callOf({ model: 'gpt-4.1-mini', input }))),
      response: ending.end === 'unreachable' ? undefined : STREAM,
      responseId,
      recorded: { at: '2026-11-24T10:00:00.000Z', upstream: 'stand-in' },
      records,
      ending,
      endedAt: events.length * 10,
    })
  }
  return dir
}

/** A terminal that keeps what is written, told and shown, without colours. */
export function fakeTerminal(answer?: boolean): Terminal & { out: string; err: string; readonly notes: string[] } {
  const notes: string[] = []
  const terminal = {
    columns: 80,
    out: '',
    err: '',
    notes,
    write: (text: string) => void (terminal.out += `${text}\n`),
    pass: (text: string) => void (terminal.out += text),
    tell: (text: string) => void (terminal.err += `${text}\n`),
    read: async () => '',
    style: (_style: unknown, text: string) => text,
    progress: () => ({ step: (note = '') => void notes.push(note), stop: () => {} }),
    confirm: async () => answer,
  }
  return terminal
}

/** Runs the `deltatape` command inside this process; gives its exit code and what it wrote. */
export async function deltatape(
  args: readonly string[],
  {
    env = {},
    columns = 80,
    clock = systemClock,
    input = '',
  }: { env?: Environment; columns?: number; clock?: Clock; input?: string } = {},
): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', '']
  const code = await runCli(args, {
    env,
    clock,
    terminal: {
      ...fakeTerminal(),
      columns,
      write: (text) => void (out += `${text}\n`),
      pass: (text) => void (out += text),
      tell: (text) => void (err += `${text}\n`),
      read: async () => input,
    },
    interrupted: () => new AbortController().signal,
  })
  return { code, out, err }
}

/** Commits all that is in a folder, in a git repository of its own. */
export async function commitAll(dir: string): Promise<void> {
  const who = ['-c', 'user.name=test', '-c', 'user.email=test@example.com', '-c', 'commit.gpgsign=false']
  for (const args of [
    ['init', '--quiet'],
    ['add', '--all'],
    [...who, 'commit', '--quiet', '--message', 'all'],
  ]) {
    await promisify(execFile)('git', args, { cwd: dir })
  }
}

/** A folder of which git ignores all. */
export async function ignoredFolder(): Promise<string> {
  const dir = await temporaryFolder()
  await promisify(execFile)('git', ['init', '--quiet'], { cwd: dir })
  await writeFile(join(dir, '.gitignore'), '*.jsonl\n')
  return dir
}

/** The same, with the lines that it wrote; it answers questions as it is told, or nobody is there. */
export async function runDeltatape(
  args: readonly string[],
  { answer, ...world }: Partial<Pick<Context, 'env' | 'clock' | 'interrupted'>> & { readonly answer?: boolean } = {},
): Promise<{ code: number; out: string[]; err: string[] }> {
  const terminal = fakeTerminal(answer)
  const interrupted = () => new AbortController().signal
  const code = await runCli(args, { env: {}, terminal, clock: systemClock, interrupted, ...world })
  const lines = (text: string) => text.split('\n').slice(0, -1)
  return { code, out: lines(terminal.out), err: lines(terminal.err) }
}
