/** A fetch that answers in this process. */
import { systemClock } from '../base/clock.ts'
import { type Config, readConfig } from '../config.ts'
import { createModel } from '../model/index.ts'
import { createRedactor, secretsOf } from '../redact/redactor.ts'
import { readRules } from '../redact/rules.ts'
import { createApp } from '../serve/http/app.ts'
import { brokenConnection } from '../serve/http/exchange.ts'
import { createJournal } from '../serve/journal.ts'
import { silentLog } from '../serve/log.ts'
import { checkStore } from '../store/directory.ts'
import { openStore } from '../store/store.ts'

/**
 * Makes a `fetch` for `new OpenAI({ fetch })` that answers in this process, by the same modes and without a port.
 * Whatever address is called, it is the path that counts: `/v1/responses`.
 *
 * @param config what differs from the defaults; `readConfig(process.env)` gives all of it
 */
export function createFetch(config: Partial<Config> = {}): typeof fetch {
  const whole = { ...readConfig({ ALLOW_CLIENT_KEY: '1' }), ...config }
  const redactor = createRedactor(secretsOf(whole), readRules(whole.configFile))
  const store = openStore({ dir: whole.fixturesDir, redactor, clock: systemClock })
  const ready =
    whole.mode === 'live' ? Promise.resolve() : checkStore(whole.fixturesDir, { write: whole.mode !== 'replay' })
  // Who never asks is not told; who does is, below.
  ready.catch(() => {})
  const { answer } = createApp({
    config: whole,
    store,
    model: createModel(whole, store, redactor, systemClock),
    redactor,
    clock: systemClock,
    journal: createJournal(silentLog, whole.mode),
    log: silentLog,
  })
  return async (input, init) => {
    await ready
    const response = await answer(new Request(input, init))
    if (response.type === 'error') throw brokenConnection()
    return response
  }
}
