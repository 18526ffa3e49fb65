import { once } from 'node:events'
import { inputAt } from '../answers.ts'
import { libraryAnswer } from '../library.ts'
import { clientFrame, openWebSocket, playTurn, wireBytes } from '../load/websocket.ts'
import { atMost, inTurn, type Bench, type Row, type Scenario, type Table } from '../scenario.ts'
import { startDeltatape } from '../sides.ts'

/** How many fixtures there are, and how long an explained miss may take among them, in ms. */
const AMONG = [
  [10_000, 10],
  [100_000, 50],
] as const

/** Of a small size: a miss does not read their answers, and 100,000 take no more than the disk has. */
const DELTAS = 1

const MISSES = 5

/** How long a miss may hold up another connection, in ms. */
const HELD_UP_MS = 5

export const misses: Scenario = {
  name: 'misses',
  about: 'a miss that is explained among 10,000 and 100,000 fixtures, and what others wait for it',
  long: true,
  async run(bench) {
    const [explained, held]: [Row[], Row[]] = [[], []]
    for (const [count, bound] of AMONG) {
      const { first, later, waits } = await among(count, bench)
      const what = `among ${count.toLocaleString('en')}`
      explained.push({ what: `${what}, the first`, ours: first }, { what, ours: later, goal: atMost(bound) })
      held.push({ what, ours: waits, goal: atMost(HELD_UP_MS) })
    }
    const tables: Table[] = [
      { title: 'A miss, explained, with its connection', unit: 'ms', rows: explained },
      { title: 'The longest turn of another connection while a miss is explained', unit: 'ms', rows: held },
    ]
    return tables
  },
}

async function among(count: number, bench: Bench) {
  const { url, stop } = await startDeltatape(bench.lab, { FIXTURES_DIR: await bench.library(count, DELTAS) })
  let asked = 0
  const miss = async (): Promise<number> => {
    const began = performance.now()
    await playTurn(url, '/ws-stream', `nobody recorded this ${asked++}`)
    return performance.now() - began
  }
  const other = await createOther(url)
  await other.ask()
  const first = [await miss()]
  const [samples = []] = await inTurn(bench, `misses: among ${count}`, [
    async () => {
      let took = 0
      const longest = await other.during(async () => {
        for (let index = 0; index < MISSES; index++) took += await miss()
      })
      return { took: took / MISSES, longest }
    },
  ])
  other.close()
  await stop()
  return { first, later: samples.map(({ took }) => took), waits: samples.map(({ longest }) => longest) }
}

/** Another client, which asks for one fixture again and again. */
async function createOther(url: URL) {
  const socket = await openWebSocket(url, '/ws-stream')
  const request = clientFrame(JSON.stringify({ input: inputAt(0) }))
  const answerBytes = wireBytes(libraryAnswer(0, DELTAS).frames)
  const ask = async (): Promise<number> => {
    const began = performance.now()
    socket.write(request)
    for (let received = 0; received < answerBytes;) {
      const [chunk]: Buffer[] = await once(socket, 'data')
      received += chunk?.length ?? 0
    }
    return performance.now() - began
  }
  return {
    ask,
    /** How long the longest of its turns takes until something is done. */
    async during(work: () => Promise<void>): Promise<number> {
      const state = { isOver: false }
      const done = work().finally(() => (state.isOver = true))
      let longest = 0
      while (!state.isOver) longest = Math.max(longest, await ask())
      await done
      return longest
    },
    close: () => void socket.destroy(),
  }
}
