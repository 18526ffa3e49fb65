/** What an eval with repeats and a program that polls do, by way of the whole server: recorded once, replayed ten times. */
import { expect, test } from 'vitest'
import { compose, steps, words } from '../kit/answers.ts'
import { connect } from '../kit/client.ts'
import type { Answer } from '../kit/standin.ts'
import { runServer, runStandIn, temporaryFolder } from '../kit/tools.ts'

const REPLAYS = 10

const says = (text: string): Answer => ({ steps: steps(compose(text).text(words(text)).completed()) })

/** Runs a program against a server that records, and then ten times against one that replays. */
async function recordAndReplay<T>(answer: (index: number) => Answer, program: (url: string) => Promise<T>) {
  const standIn = await runStandIn((_call, index) => answer(index))
  const dir = await temporaryFolder()
  const run = async (env: Record<string, string>) => {
    const { url, close } = await runServer({ FIXTURES_DIR: dir, ...env })
    const result = await program(url)
    await close()
    return result
  }
  const to = { OPENAI_BASE_URL: standIn.url, OPENAI_API_KEY: 'sk-x' }
  const was = await run({ MODEL_MODE: 'record', RECORD_TAKES: '1', ...to })
  const asked = standIn.calls.length
  const is: T[] = []
  for (let count = 0; count < REPLAYS; count++) is.push(await run({}))
  expect(standIn.calls).toHaveLength(asked)
  return { was, is }
}

/** Does each piece of work, four at once. */
async function fourAtOnce(works: readonly (() => Promise<void>)[]): Promise<void> {
  const left = works.values()
  const worker = async () => {
    for (const work of left) await work()
  }
  await Promise.all([worker(), worker(), worker(), worker()])
}

async function say(url: string, input: string): Promise<string> {
  const chat = await connect(`${url}/ws-stream`)
  chat.send({ input })
  for (;;) {
    const frame = await chat.next()
    if (frame.type === 'delta') continue
    await chat.close()
    return JSON.stringify(frame)
  }
}

test('an eval that asks each question three times, four at once, gets the same answers to each', async () => {
  const questions = ['A name for a boat', 'A name for a cat', 'A name for a dog']
  const { was, is } = await recordAndReplay(
    (index) => says(`Answer ${index}.`),
    async (url) => {
      const answers: Record<string, string[]> = {}
      const ask = async (question: string) => {
        const answer = await say(url, question)
        answers[question] = [...(answers[question] ?? []), answer].toSorted()
      }
      await fourAtOnce(questions.flatMap((question) => [1, 2, 3].map(() => () => ask(question))))
      return answers
    },
  )
  expect(Object.values(was).map((answers) => new Set(answers).size)).toEqual([3, 3, 3])
  for (const each of is) expect(each).toEqual(was)
})

test('a program that is refused, tries again and polls until its answer is there gets the same, in the same order', async () => {
  const json = (value: object, status = 200): Answer => ({
    status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(value),
  })
  const state = (status: string) => json({ id: 'resp_1', object: 'response', status, output: [] })
  const script = [
    json({ error: { message: 'Slow down' } }, 429),
    state('queued'),
    state('in_progress'),
    state('in_progress'),
    state('completed'),
  ]
  const { was, is } = await recordAndReplay(
    (index) => script[index] ?? json({ error: { message: 'Nothing is left.' } }, 500),
    async (url) => {
      const told: string[] = []
      const ask = async (path: string, init?: RequestInit) => {
        const response = await fetch(`${url}/v1/responses${path}`, init)
        const text = await response.text()
        told.push(`${response.status} ${text}`)
        return { isRefused: response.status === 429, isOver: text.includes('completed') }
      }
      const body = JSON.stringify({ model: 'm', input: 'Think', background: true })
      const headers = { 'content-type': 'application/json' }
      for (let tries = 0; tries < 5; tries++) if (!(await ask('', { method: 'POST', headers, body })).isRefused) break
      for (let polls = 0; polls < 9; polls++) if ((await ask('/resp_1')).isOver) break
      return told
    },
  )
  expect(was.map((each) => each.match(/^\d+|queued|in_progress|completed/g)?.join(' '))).toEqual([
    '429',
    '200 queued',
    '200 in_progress',
    '200 in_progress',
    '200 completed',
  ])
  for (const each of is) expect(each).toEqual(was)
})
