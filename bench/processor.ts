/** What a process took of the processor. */
import { execFile } from 'node:child_process'
import { readFile, readdir } from 'node:fs/promises'
import { promisify } from 'node:util'

/** The processor time of all threads of a process, in ms. */
export async function processorMs(pid: number): Promise<number> {
  if (process.platform === 'linux') {
    const threads = await readdir(`/proc/${pid}/task`)
    const times = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8')))
    return times.reduce((sum, text) => sum + Number.parseInt(text, 10) / 1e6, 0)
  }
  const { stdout } = await promisify(execFile)('ps', ['-o', 'time=', '-p', String(pid)])
  return 1000 * stdout.split(':').reduce((seconds, part) => 60 * seconds + Number(part), 0)
}
