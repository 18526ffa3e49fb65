/** What upstreams do wrong, all of it at a real server: one right end each, and a good turn behind it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startStandIn } from '../kit/standin.ts'
import { CASES, DEADLINES, WAYS, answerTo } from '../kit/upstreams.ts'
import { startProcess } from './process.ts'
import type { Outcome } from './scenarios.ts'

/** Every fault × every way to ask × live and record, one way at a time. */
export async function upstreams(): Promise<Outcome> {
  const standIn = await startStandIn(answerTo)
  const wrong: string[] = []
  let tried = 0
  for (const mode of ['live', 'record']) {
    const dir = await mkdtemp(join(tmpdir(), 'deltatape-soak-'))
    const server = await startProcess({
      MODEL_MODE: mode,
      OPENAI_API_KEY: 'sk-stand-in',
      OPENAI_BASE_URL: standIn.url,
      FIXTURES_DIR: dir,
      RECORD_FAILURES: '1',
      ...DEADLINES,
    })
    for (const [way, { ask, expected }] of Object.entries(WAYS)) {
      const asking = Object.entries(CASES).map(async ([name, asked]) => {
        tried++
        const ends = await ask(server.url, name)
        if (ends.join() !== expected(asked).join()) wrong.push(`${name} (${mode}, ${way}): ${ends.join()}`)
      })
      await Promise.all(asking)
    }
    if ((await server.stop()) !== 0) wrong.push(`${mode}: the server did not end well`)
    await rm(dir, { recursive: true })
  }
  await standIn.close()
  const named = wrong.length === 0 ? '' : `; not so ${wrong.slice(0, 5).join('; ')}`
  return {
    figure: `${tried - wrong.length} of ${tried} faults of an upstream ended right, with a good turn behind each${named}`,
    held: wrong.length === 0,
  }
}
