/** Calls that come again: what is known of one by its bytes, and what counts each time all the same. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLedger } from '../../../server/base/ledger.ts'
import { createRedactor } from '../../../server/redact/redactor.ts'
import { readConfig } from '../../../server/serve/config.ts'
import { type Asked, createReading } from '../../../server/serve/http/read.ts'
import { compose, words } from '../../kit/answers.ts'
import { folderWith, runServer } from '../../kit/tools.ts'

const HELLO = { model: 'gpt-4.1-mini', input: 'Say hi', stream: true }
const BODY = JSON.stringify(HELLO)

const asked = (more: Partial<Asked> = {}): Asked => ({
  method: 'POST',
  target: '/v1/responses?pace=2x',
  headers: [['Content-Type', 'application/json']],
  body: Buffer.from(BODY),
  account: createLedger(2 ** 28).open(),
  onLeave() {},
  ...more,
})

test('a call is known by its head and its body, and keeps bytes of its own', async () => {
  const reading = createReading(readConfig({}), createRedactor())
  const body = Buffer.from(BODY)
  await reading.anew(asked())
  expect(reading.known(asked())).toBeUndefined()
  const { call } = await reading.anew(asked({ head: 1, body }))
  body.fill(0)
  const known = reading.known(asked({ head: 1 }))
  expect(known?.call).toMatchObject({ path: '/v1/responses', query: '', pace: '2x', api: call.api })
  expect(Buffer.from(known?.call.content ?? []).toString()).toBe(BODY)
  expect(known).not.toHaveProperty('call.account')
  expect(reading.known(asked({ head: 2 }))).toBeUndefined()
  expect(reading.known(asked({ head: 1, body: Buffer.from(`${BODY} `) }))).toBeUndefined()
})

test('a long call is not remembered', async () => {
  const reading = createReading(readConfig({}), createRedactor())
  const body = Buffer.from(JSON.stringify({ ...HELLO, input: 'long '.repeat(20_000) }))
  await reading.anew(asked({ head: 1, body }))
  expect(reading.known(asked({ head: 1, body }))).toBeUndefined()
})

const TOKEN = 'token-of-the-server'
let dir = ''
beforeAll(async () => {
  dir = await folderWith({ [HELLO.input]: { events: compose('again').text(words('Hi')).completed() } }, afterAll)
})

test('a call that came before is let in by its token, and breaks as its name is told', async () => {
  const { url } = await runServer({ FIXTURES_DIR: dir, AUTH_TOKEN: TOKEN })
  const ask = async (token: string) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
    return (await fetch(`${url}/@again/v1/responses`, { method: 'POST', headers, body: BODY })).status
  }
  const statuses = []
  for (const token of [TOKEN, TOKEN, TOKEN, 'another', TOKEN]) statuses.push(await ask(token))
  expect(statuses).toEqual([200, 200, 200, 401, 200])
  const headers = { authorization: `Bearer ${TOKEN}` }
  const broken = await fetch(`${url}/@again/fault`, {
    method: 'PUT',
    headers,
    body: '{"fault":"refuse:529","times":1}',
  })
  expect([broken.ok, await ask(TOKEN), await ask(TOKEN)]).toEqual([true, 529, 200])
  const turns = await fetch(`${url}/@again/turns`, { headers })
  expect(await turns.json()).toHaveLength(6)
})
