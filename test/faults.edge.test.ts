/** Every fault of an upstream × every way to ask × every mode that calls the API: one right end, in its time. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readConfig } from '../server/serve/config.ts'
import { systemClock } from '../server/base/clock.ts'
import { startServer, type RunningServer } from '../server/serve/server.ts'
import { openFixtures } from '../server/store/index.ts'
import { startStandIn, type StandIn } from './kit/standin.ts'
import { readableLog, temporaryFolder } from './kit/tools.ts'
import { CASES, DEADLINES, WAYS, answerTo } from './kit/upstreams.ts'

describe.each(['live', 'record'])('%s', (mode) => {
  let standIn: StandIn
  let server: RunningServer

  beforeAll(async () => {
    standIn = await startStandIn(answerTo)
    const config = readConfig({
      MODEL_MODE: mode,
      OPENAI_API_KEY: 'sk-stand-in',
      OPENAI_BASE_URL: standIn.url,
      FIXTURES_DIR: await temporaryFolder(afterAll),
      RECORD_FAILURES: '1',
      PORT: '0',
      ...DEADLINES,
    })
    server = await startServer(config, {
      ...openFixtures(config, systemClock),
      log: readableLog().log,
      clock: systemClock,
    })
    // The first call loads what calls need: on a busy machine that takes longer than the deadlines here.
    await Promise.allSettled(Object.values(WAYS).map(({ ask }) => ask(server.url, 'good')))
  })
  afterAll(async () => {
    await server.close(0)
    await standIn.close()
  })

  test.concurrent.each(Object.entries(CASES))('%s, and a good turn after it', async (input, asked) => {
    await Promise.all(
      Object.entries(WAYS).map(async ([way, { ask, expected }]) =>
        expect(await ask(server.url, input), way).toEqual(expected(asked)),
      ),
    )
  })
})
