/** Re-creates the bundled fixtures: asks everything that they answer, in record mode, from the stand-in upstream. */
import { readConfig } from '../server/config.ts'
import { createLog, openOutput } from '../server/log.ts'
import { systemClock } from '../server/pace.ts'
import { createRedactor } from '../server/redact.ts'
import { startServer } from '../server/server.ts'
import { BUNDLED, UNREACHABLE, answerBundled } from './bundled.ts'
import { connect } from './chat.ts'
import { startStandIn } from './standin.ts'

const redactor = createRedactor()
const log = createLog({ level: 'info', redactor, stream: await openOutput(process.stdout) })

/** A server that records from `url`, and the end of it. */
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
  return startServer({ ...config, upstream: 'stand-in' }, { log, redactor, clock: systemClock })
}

/** Asks on a connection of its own; gives the id of the answer. */
async function ask(url: string, input: string, previous?: unknown): Promise<unknown> {
  const chat = await connect(`${url}/ws`)
  chat.send({ input, previous_response_id: previous })
  const frame = await chat.next()
  await chat.close()
  return frame.response_id
}

const standIn = await startStandIn((call) => answerBundled(call))
const server = await startRecording(standIn.url)

const ids = new Map<string, Promise<unknown>>()
for (const { input, after } of BUNDLED) {
  const before = after === undefined ? Promise.resolve() : ids.get(after)
  ids.set(
    input,
    Promise.resolve(before).then((id) => ask(server.url, input, id)),
  )
}
await Promise.all(ids.values())
await server.close()
await standIn.close()

const nobody = await startRecording(standIn.url)
await ask(nobody.url, UNREACHABLE.input)
await nobody.close()
