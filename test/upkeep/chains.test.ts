import { cp } from 'node:fs/promises'
import { expect, test } from 'vitest'
import type { Candidate } from '../../server/fixture/fixture.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import type { Store } from '../../server/store/store.ts'
import { createChains, stampsOf } from '../../server/upkeep/chains.ts'
import { callFor } from '../../server/upkeep/plan.ts'
import { openTestStore, runServer, runStandIn, temporaryFolder } from '../kit/tools.ts'

const answer = (text: string) =>
  JSON.stringify({
    id: `chatcmpl-${text}`,
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
  })

/** A conversation of three requests, each with the answers so far. */
async function recorded(): Promise<string> {
  const standIn = await runStandIn((_call, index) => ({
    headers: { 'content-type': 'application/json' },
    body: answer(`old answer ${index}`),
  }))
  const dir = await temporaryFolder()
  const env = { MODEL_MODE: 'record', FIXTURES_DIR: dir, OPENAI_BASE_URL: standIn.url, OPENAI_API_KEY: 'sk-x' }
  const server = await runServer(env)
  const messages = [{ role: 'user', content: 'Go on' }]
  for (let index = 0; index < 3; index++) {
    const body = JSON.stringify({ model: 'm', messages })
    await (await fetch(`${server.url}/v1/chat/completions`, { method: 'POST', body })).text()
    messages.push({ role: 'assistant', content: `old answer ${index}` }, { role: 'user', content: `Step ${index}` })
  }
  await server.close()
  return dir
}

/** Refreshes the conversation of a folder; the store breaks off before its n-th change. */
async function refreshUntil(dir: string, nth: number): Promise<void> {
  const store = openTestStore(dir)
  let changes = 0
  const change = () => {
    if (++changes === nth) throw new Error('broken off')
  }
  const fragile: Store = {
    ...store,
    save: async (...args) => (change(), store.save(...args)),
    replace: async (...args) => (change(), store.replace(...args)),
    remove: (...args) => (change(), store.remove(...args)),
  }
  const fixtures = (await store.survey()).candidates.toSorted((a, b) => a.requestText.length - b.requestText.length)
  const send = fixtures.map((fixture, index) => ({
    fixture,
    after: fixtures[index - 1],
    previousId: undefined,
    selected: true,
    ...(index > 0 && { carries: true as const }),
  }))
  const stamps = await stampsOf(store, fixtures)
  const chains = await createChains({ send, skipped: [] }, { store: fragile, redactor: createRedactor(), stamps })
  for (const planned of send) {
    const text = planned.fixture.requestText.replaceAll('old', 'new')
    const identity = chains.identify(planned.fixture, callFor(planned, undefined, text))
    const before = await store.read(planned.fixture.name)
    const records = before.records.map((each) => ({ ...each, wire: String(each.wire).replaceAll('old', 'new') }))
    chains.keep(planned.fixture, { ...before, ...identity, records })
  }
  await chains.save()
}

test('whenever the saving of a conversation is broken off, the old one or the new one is whole', async () => {
  const before = await recorded()
  const outcomes = new Set<string>()
  for (let nth = 1; ; nth++) {
    const dir = await temporaryFolder()
    await cp(before, dir, { recursive: true })
    const isWhole = await refreshUntil(dir, nth).then(
      () => true,
      () => false,
    )
    const store = openTestStore(dir)
    const { candidates } = await store.survey()
    const [first] = candidates.filter(({ follows }) => follows === undefined)
    const word = String((await store.read(first?.name ?? '')).records[0]?.wire).includes('new') ? 'new' : 'old'
    const ofThat = ({ requestText }: Candidate) => requestText.includes(`${word} answer`)
    expect(candidates.filter(ofThat)).toHaveLength(2)
    outcomes.add(word)
    if (!isWhole) continue
    expect(candidates).toHaveLength(3)
    expect(nth).toBe(6)
    break
  }
  expect(outcomes).toEqual(new Set(['old', 'new']))
})
