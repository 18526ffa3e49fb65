/**
 * Records the bundled fixtures anew: from the stand-in upstream, or with MODEL_MODE=record and a key from the API, but
 * for what no healthy API would answer.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startFrom, withExitCode } from '../server/serve/process.ts'
import { readConfig } from '../server/serve/config.ts'
import { createLog, openOutput } from '../server/serve/log.ts'
import { systemClock } from '../server/base/clock.ts'
import { createRedactor } from '../server/redact/redactor.ts'
import { startServer } from '../server/serve/server.ts'
import { openFixtures } from '../server/store/index.ts'
import { BUNDLED, CALLS, UNREACHABLE, answerBundled, type Bundled, type BundledCall } from './kit/bundled.ts'
import { connect } from './kit/client.ts'
import { runSnippet, bundledSnippets } from './kit/snippets.ts'
import { startStandIn } from './kit/standin.ts'

/** Asks everything, each on a connection of its own, the turns of a conversation one after another. */
async function askAll(url: string, questions: readonly Omit<Bundled, 'answer'>[]): Promise<void> {
  const ids = new Map<string, Promise<unknown>>()
  for (const { input, after } of questions) {
    const before = after === undefined ? undefined : ids.get(after)
    ids.set(
      input,
      Promise.resolve(before).then((previous) => ask(url, input, previous)),
    )
  }
  await Promise.all(ids.values())
}

/** Asks one question; gives the id of the answer. */
async function ask(url: string, input: string, previous: unknown): Promise<unknown> {
  const chat = await connect(`${url}/ws`)
  chat.send({ input, previous_response_id: previous })
  const frame = await chat.next()
  await chat.close()
  return frame.response_id
}

/** Asks the API's own endpoint. */
async function callAll(url: string, calls: readonly BundledCall[]): Promise<void> {
  const headers = { 'content-type': 'application/json', authorization: 'Bearer any' }
  const answers = calls.map(async ({ body }) => {
    const response = await fetch(`${url}/v1/responses`, { method: 'POST', headers, body: JSON.stringify(body) })
    await response.arrayBuffer()
  })
  await Promise.all(answers)
}

/** Every client puts its requests in words of its own: those of the docs are recorded as they are made. */
async function runExamples(url: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'deltatape-'))
  for (const snippet of await bundledSnippets()) {
    if (['js', 'yaml'].includes(snippet.language)) await runSnippet(snippet, url, folder)
  }
  await rm(folder, { recursive: true })
}

async function recordFromApi(): Promise<void> {
  const { server } = await startFrom({ ...process.env, PORT: '0' }, process.stdout)
  await askAll(
    server.url,
    BUNDLED.filter(({ synthetic }) => !synthetic),
  )
  await callAll(
    server.url,
    CALLS.filter(({ synthetic }) => !synthetic),
  )
  await runExamples(server.url)
  await server.close()
}

async function recordFromStandIn(): Promise<void> {
  const log = createLog({ level: 'info', redactor: createRedactor(), stream: await openOutput(process.stdout) })
  const startRecording = (url: string) => {
    const config = readConfig({
      FIXTURES_DIR: process.env.FIXTURES_DIR,
      MODEL_MODE: 'record',
      OPENAI_API_KEY: 'the-stand-in-takes-any',
      OPENAI_BASE_URL: url,
      PORT: '0',
      RECORD_FAILURES: '1',
      IDLE_TIMEOUT_MS: '2000',
    })
    const { store, redactor } = openFixtures(config, systemClock)
    return startServer({ ...config, upstream: 'stand-in' }, { log, store, redactor, clock: systemClock })
  }
  const standIn = await startStandIn((call) => answerBundled(call))
  const server = await startRecording(standIn.url)
  await askAll(server.url, BUNDLED)
  await callAll(server.url, CALLS)
  await runExamples(server.url)
  await server.close()
  await standIn.close()
  // Its address is one now at which nobody listens.
  const nobody = await startRecording(standIn.url)
  await askAll(nobody.url, [UNREACHABLE])
  await nobody.close()
}

await withExitCode(process, process.env.MODEL_MODE === 'record' ? recordFromApi : recordFromStandIn)
