import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Scenario } from '../scenario.ts'

export const suite: Scenario = {
  name: 'suite',
  about: 'the wall time of npm run eval and of vitest, once',
  long: true,
  async run({ say }) {
    say('suite: npm run eval')
    const evaluation = await secondsOf('npm', ['run', 'eval'])
    say('suite: npx vitest run')
    const tests = await secondsOf('npx', ['vitest', 'run'])
    return [
      {
        title: 'Wall time',
        unit: 's',
        rows: [
          { what: 'npm run eval', ours: [evaluation] },
          { what: 'npx vitest run', ours: [tests] },
        ],
      },
    ]
  },
}

async function secondsOf(command: string, args: readonly string[]): Promise<number> {
  const began = performance.now()
  const child = spawn(command, [...args], { stdio: 'ignore', shell: process.platform === 'win32' })
  const [code]: unknown[] = await once(child, 'close')
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed.`)
  return (performance.now() - began) / 1000
}
