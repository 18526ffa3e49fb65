/** nginx, with a configuration of the docs, on this machine. */
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from './tools.ts'

const run = promisify(execFile)

/** It stands where a shell of a user does not look. */
const NGINX = ['nginx', '/usr/sbin/nginx'].find((program) => {
  try {
    execFileSync(program, ['-v'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})

const ABSENT = 'there is no nginx'

/** Tests that need nginx. Without it they are skipped, and in CI they fail. */
export function withNginx(name: string, tests: (program: string) => void): void {
  if (NGINX === undefined && process.env.CI) {
    test(name, () => expect.fail(`${ABSENT}: .ci/run installs it`))
    return
  }
  describe.skipIf(NGINX === undefined)(NGINX ? name : `${name}: ${ABSENT}`, () => tests(NGINX ?? ''))
}

/** What stands around a file of `conf.d`: nginx writes into one folder alone, and says when it is there. */
const around = (folder: string): string => `
daemon off;
pid ${folder}/pid;
error_log stderr notice;
events {}
http {
${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((each) => `  ${each}_temp_path ${folder}/${each};`).join('\n')}
  include ${folder}/deltatape.conf;
}`

/** The arguments with which nginx takes a configuration. */
async function argumentsFor(conf: string): Promise<string[]> {
  const folder = await temporaryFolder()
  const main = join(folder, 'nginx.conf')
  await writeFile(join(folder, 'deltatape.conf'), conf)
  await writeFile(main, around(folder))
  return ['-e', 'stderr', '-p', folder, '-c', main]
}

/**
 * Has nginx check a configuration.
 *
 * @throws Error with what nginx says of it
 */
export const checkWith = async (program: string, conf: string): Promise<unknown> =>
  run(program, [...(await argumentsFor(conf)), '-t'])

/** Runs nginx until the test is over; resolves when it answers. */
export async function runNginx(program: string, conf: string): Promise<void> {
  const child = spawn(program, await argumentsFor(conf), { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(child, 'close')
  onTestFinished(async () => {
    child.kill('SIGTERM')
    await ended
  })
  let said = ''
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk) => {
      said += String(chunk)
      if (said.includes('start worker process')) resolve()
    })
    void ended.then(() => reject(new Error(said)))
  })
}
