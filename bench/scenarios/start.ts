import { once } from 'node:events'
import { connect } from 'node:net'
import { atMost, inTurn, type Scenario } from '../scenario.ts'
import { packageIn } from '../package.ts'
import { processorMs } from '../processor.ts'
import { startDeltatape } from '../sides.ts'

const FIXTURES = [10, 1000, 10_000]

export const start: Scenario = {
  name: 'start',
  about: 'from the process to /health, with 10 to 10,000 fixtures, and packaged',
  async run(bench) {
    const { lab, library } = bench
    const sides: (() => Promise<number>)[] = []
    for (const count of FIXTURES) {
      const dir = await library(count)
      sides.push(async () => {
        const { url, startedInMs, stop } = await startDeltatape(lab, { FIXTURES_DIR: dir })
        const began = performance.now()
        await health(url)
        const took = startedInMs + performance.now() - began
        await stop()
        return took
      })
    }
    const [few = [], more = [], many = []] = await inTurn(bench, 'start', sides)
    const command = await packageIn(lab)
    const dir = await library(Math.min(...FIXTURES))
    const [packaged = []] = await inTurn(bench, 'start, packaged', [
      async () => {
        const { url, pid, stop } = await lab.start([command, 'serve'], { PORT: '0', FIXTURES_DIR: dir })
        await health(url)
        const took = await processorMs(pid)
        await stop()
        return took
      },
    ])
    return [
      {
        title: 'Start, from the process to /health',
        unit: 'ms',
        rows: [
          { what: '1,000 fixtures vs 10', ours: more, against: few },
          { what: '10,000 fixtures vs 10', ours: many, against: few, goal: atMost(1.3) },
        ],
      },
      {
        title: 'Start to /health, as it is installed: processor time of all threads',
        unit: 'ms',
        rows: [{ what: 'packaged', ours: packaged, goal: atMost(300) }],
      },
    ]
  },
}

async function health(url: URL): Promise<void> {
  const socket = connect(Number(url.port), url.hostname)
  socket.write(`GET /health HTTP/1.1\r\nHost: ${url.host}\r\nConnection: close\r\n\r\n`)
  const [head]: unknown[] = await once(socket, 'data')
  if (!String(head).startsWith('HTTP/1.1 200 ')) throw new Error(`/health answered ${String(head)}`)
  socket.destroy()
}
