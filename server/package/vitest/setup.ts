/**
 * What runs in every worker before the tests of a file: it points SDKs at the server, gives each test its tape, and fails a
 * test that asked for what nobody recorded. The modules that it loads are small, and few.
 */
import { relative } from 'node:path'
import { threadId } from 'node:worker_threads'
import * as vitest from 'vitest'
import { matchers } from './matchers.ts'
import { type Ask, type Handle, type Missed, askBy, clientAt, createTape } from './tape.ts'
import { type Asker, threadOf } from './thread.ts'
import { type Turn, addressOf, inLines, isMiss, variablesOf } from './told.ts'

const { afterAll, afterEach, beforeEach, expect, inject } = vitest

const told = inject('deltatape')

/** The name of this worker: a client that an app makes when it is loaded keeps it from test to test. */
const worker = `worker-${process.pid}-${threadId}`

Object.assign(process.env, variablesOf(told, worker))
expect.extend(matchers)

/** The tests that run now. */
const open = new Set<Handle>()

/** What had no fixture, and belongs to none of them. */
const outside: Missed[] = []

let unnamed = true
const file: Asker = {
  name: undefined,
  onAsk: () => void (unnamed = true),
  onEscape(message) {
    if (open.size === 0) outside.push({ message })
    for (const { asker } of open) asker.onEscape(message)
  },
}
const thread = threadOf(told, file)

/** What is said to the server itself is nobody's call. */
const ask: Ask = (...asked) =>
  thread.running.run({ name: undefined, onAsk() {}, onEscape() {} }, () => askBy(thread.connections, ...asked))

const around = clientAt(addressOf(told, worker), ask)

async function lookAround(): Promise<void> {
  unnamed = false
  const turns = await around.turns()
  if (open.size === 0) outside.push(...missedIn(turns, ''))
  for (const tape of open) tape.take(turns)
}

const missedIn = (turns: readonly Turn[], before: string): Missed[] =>
  turns.filter(isMiss).map(({ message = '' }) => ({ message: before + message }))

type Task = vitest.TestContext['task']

/** Whether tests that run at the same time are told apart. */
const isSeparate = 'aroundEach' in vitest

/** The tests that are over. What they left behind may still ask. */
const over: { readonly tape: Handle; readonly title: string }[] = []

let tries = 0

async function begin({ id, name: title, context }: Task): Promise<Handle> {
  if (unnamed) await lookAround()
  const words = title.replaceAll(/[^a-z\d]+/gi, '-').slice(0, WORDS_CHARS)
  // The end tells tests apart: that of one in many suites is long.
  const name = `${words}~${id}~${++tries}`.slice(-NAME_CHARS)
  const tape = createTape({ told, name, ask, around, lookAround, isAlone: () => open.size === 1, isSeparate })
  open.add(tape)
  context.tape = tape
  return tape
}

/** How much of the title of a test stands in its name on the server. */
const WORDS_CHARS = 24

/** How long a name on the server may be. */
const NAME_CHARS = 64

async function end(task: Task, tape: Handle): Promise<void> {
  const missed = await tape.end()
  open.delete(tape)
  over.push({ tape, title: task.name })
  if (tape.lacksFault) task.context.skip('its calls were made, and its fault is for MODEL_MODE=replay')
  if (missed.length === 0 || told.misses === 'ignore') return
  const untold = missed.filter(({ message }) => !task.result?.errors?.some((error) => error.message.includes(message)))
  if (untold.length === 0) return
  // Such a test would pass for it.
  if (task.fails) outside.push(...untold.map(({ message }) => ({ message: `In "${task.name}": ${message}` })))
  else throw missOf(`"${task.name}" asked for what nobody recorded`, untold, task.file.filepath)
}

/** The error of a test, or of a file. */
function missOf(what: string, missed: readonly Missed[], path: string): Error {
  const command = `${told.howToRecord} ${relative(process.cwd(), path)}`
  const texts = new Set(missed.map(({ message }) => message.replaceAll(told.howToRecord, command)))
  const error = new Error([`deltatape: ${what}.`, ...texts].map(inLines).join('\n\n'))
  // Where it was asked is in the app, and nobody knows where.
  return Object.assign(error, { name: 'FixtureMiss', stack: `FixtureMiss: ${error.message}` })
}

// vitest reads the parameters of hooks: a context has to be taken apart where tests have fixtures of their own.
if (isSeparate) {
  vitest.aroundEach(async (run, { task }) => {
    const tape = await begin(task)
    await thread.running.run(tape.asker, run)
    await end(task, tape)
  })
} else {
  const tapes = new WeakMap<Task, Handle>()
  beforeEach(async ({ task }) => void tapes.set(task, await begin(task)))
  afterEach(async ({ task }) => {
    const tape = tapes.get(task)
    if (tape) await end(task, tape)
  })
}

afterAll(async () => {
  await lookAround()
  for (const { tape, title } of over) {
    const late = tape.hasAsked ? await clientAt(addressOf(told, tape.name), ask).turns() : []
    outside.push(...missedIn(late, `After "${title}" was over: `))
  }
  if (outside.length === 0 || told.misses === 'ignore') return
  throw missOf(
    'This file asked for what nobody recorded, outside of its tests',
    outside,
    expect.getState().testPath ?? '',
  )
})
