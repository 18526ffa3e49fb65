/** The whole command on real answers of many APIs, recorded by a real server, and checked against a stand-in. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type RealAnswer, absent, readAnswers, readRequest } from '../kit/corpus-any.ts'
import { apisAt, hostOf } from '../kit/exchanges.ts'
import type { Call, StandIn } from '../kit/standin.ts'
import { deltatape, runServer, runStandIn, temporaryFolder } from '../kit/tools.ts'

/** How many answers of each API and framing are taken. */
const OF_EACH = 2

const some = [...Map.groupBy(readAnswers(), ({ api, framing }) => `${api} ${framing}`).values()].flatMap((answers) =>
  answers.slice(0, OF_EACH),
)

/** Answers each call with what was answered to it while it was recorded. */
function createTape() {
  const taped = new Map<string, RealAnswer>()
  let recording: RealAnswer | undefined
  const keyOf = ({ method, path, body }: Call) => `${method} ${path} ${JSON.stringify(body)}`
  return {
    record: (answer: RealAnswer | undefined) => void (recording = answer),
    answer(call: Call): RealAnswer | undefined {
      if (recording) taped.set(keyOf(call), recording)
      return taped.get(keyOf(call))
    },
  }
}

const answerOf = ({ status, contentType, body }: RealAnswer) => ({
  status,
  headers: { 'content-type': contentType || 'application/octet-stream' },
  body,
})

/** Sends the request of a real answer to a server, with the host in front of its path. */
async function ask(answer: RealAnswer, url: string, host: string): Promise<void> {
  const { method, path, query, headers, body } = readRequest(answer)
  const search = new URLSearchParams(query).toString()
  const hasBody = method !== 'GET' && body !== undefined && body !== null
  const response = await fetch(`${url}/${host}${path}${search === '' ? '' : `?${search}`}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(hasBody ? { body: JSON.stringify(body) } : {}),
  })
  await response.arrayBuffer()
}

/** A folder with recordings of them, and the stand-in that answers them. */
async function recorded(change: (answer: RealAnswer) => Buffer = ({ body }) => body) {
  const tape = createTape()
  let isChanged = false
  const standIn = await runStandIn((call) => {
    const answer = tape.answer(call)
    if (!answer) return { status: 418, body: '{"error":{"message":"Nothing is scripted for this."}}' }
    return answerOf(isChanged ? { ...answer, body: change(answer) } : answer)
  })
  const dir = await temporaryFolder()
  const server = await runServer({
    ...apisAt(standIn),
    FIXTURES_DIR: dir,
    MODEL_MODE: 'record',
    RECORD_FAILURES: '1',
    LOG_LEVEL: 'warn',
  })
  for (const answer of some) {
    tape.record(answer)
    await ask(answer, server.url, hostOf(standIn))
  }
  await server.close()
  tape.record(undefined)
  isChanged = true
  return { dir, standIn, names: await readdir(dir) }
}

const check = async (standIn: StandIn, dir: string) => {
  const { code, out } = await deltatape(['record', '--check', '--fixtures', dir], { env: apisAt(standIn) })
  const [, same, drift, failed] = /^(\d+) the same, (\d+) with drift, (\d+) could not check/m.exec(out) ?? []
  return { code, out, same: Number(same), drift: Number(drift), failed: Number(failed) }
}

const tooLong = (out: string) => out.split('\n').filter((line) => line.length > 80)

describe.skipIf(absent)(`real answers${absent ? `: ${absent}` : ''}`, () => {
  test('are listed, shown, compared, verified, redacted, and found the same', async () => {
    const { dir, standIn, names } = await recorded()
    expect(names.length).toBeGreaterThan(some.length / 2)
    const { code, out } = await deltatape(['ls', '--fixtures', dir])
    expect([code, tooLong(out), out.split('\n').length]).toEqual([0, [], names.length + 2])
    expect(await deltatape(['verify', '--fixtures', dir])).toMatchObject({ code: 0 })
    expect(await deltatape(['redact', '--fixtures', dir])).toMatchObject({ code: 0 })
    for (const name of names) {
      const shown = await deltatape(['show', name, '--fixtures', dir])
      expect([name, shown.code, shown.out.includes('undefined')]).toEqual([name, 0, false])
      const path = join(dir, name)
      expect([name, (await deltatape(['diff', path, path])).code]).toEqual([name, 0])
    }
    expect(await check(standIn, dir)).toMatchObject({ code: 0, drift: 0, failed: 0 })
  })

  test('have drift where each object has a member more, and cannot be checked where nobody answers', async () => {
    const { dir, standIn } = await recorded(({ body, framing }) =>
      framing === 'json' || framing.startsWith('sse') || framing === 'ndjson'
        ? Buffer.from(body.toString().replaceAll(/^((?:data: ?)?)\{(?!\s*\})/gm, '$1{"brand_new":1,'))
        : body,
    )
    const changed = await check(standIn, dir)
    expect(changed).toMatchObject({ code: 1, failed: 0 })
    expect(changed.drift).toBeGreaterThan(changed.same)
    expect(changed.out).toMatch(/\+ (?:\w+\.)?brand_new: number/)
    await standIn.close()
    expect(await check(standIn, dir)).toMatchObject({
      code: 2,
      same: 0,
      drift: 0,
      failed: changed.drift + changed.same,
    })
  })
})
