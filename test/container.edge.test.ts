/** What the image and the action would run, run without Docker and without GitHub. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { freePort } from './kit/ports.ts'
import { PACKED_FROM, installed, userEnv } from './kit/packed.ts'

const run = promisify(execFile)
const dockerfile = await readFile('Dockerfile', 'utf8')

/** The words of an instruction of the Dockerfile's last stage. */
const instruction = (name: string): string => {
  const stage = dockerfile.split(/^FROM /m).at(-1) ?? ''
  return new RegExp(`^${name} ((?:.*\\\\\n)*.*)$`, 'm').exec(stage)?.[1] ?? ''
}

let project: string
beforeAll(async () => {
  project = await installed({}, [], (undo) => afterAll(undo))
  await cp('fixtures', join(project, 'fixtures'), { recursive: true })
})

const envOf = (more: Record<string, string>) => {
  const env = userEnv(more)
  // By its name, as in the image.
  return { ...env, PATH: `${join(project, 'node_modules/.bin')}:${env.PATH ?? ''}` }
}

async function listening(child: ChildProcess): Promise<void> {
  let said = ''
  for await (const chunk of child.stdout ?? []) {
    said += String(chunk)
    if (said.includes('listens on')) return
  }
  throw new Error(said)
}

test('the image is made of all that the package is made of, and of nothing else', async () => {
  const [first, ...within] = (await readFile('.dockerignore', 'utf8')).split('\n').filter((line) => /^[^#]/.test(line))
  expect(first).toBe('*')
  expect(within.map((line) => line.slice(1)).toSorted()).toEqual([...PACKED_FROM].toSorted())
})

test('the image starts if it may, is healthy, answers to its names, and stops', async () => {
  const variables = Object.fromEntries(
    instruction('ENV')
      .split(' ')
      .map((each) => [each.split('=')[0] ?? '', each.split('=')[1] ?? '']),
  )
  const port = await freePort()
  const start = [JSON.parse(instruction('ENTRYPOINT')), JSON.parse(instruction('CMD'))].flat().join(' ')
  const env = envOf({ ...variables, PORT: port })
  await expect(run('sh', ['-c', start], { cwd: project, env })).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('ALLOW_UNPROTECTED=1'),
  })

  const server = spawn('sh', ['-c', `exec ${start}`], { cwd: project, env: { ...env, ALLOW_UNPROTECTED: '1' } })
  onTestFinished(() => void server.kill('SIGKILL'))
  await listening(server)
  const [, health = ''] = /CMD (.*)/.exec(instruction('HEALTHCHECK')) ?? []
  await run('sh', ['-c', health], { env })
  await expect(run('sh', ['-c', health], { env: { ...env, PORT: await freePort() } })).rejects.toMatchObject({
    code: 1,
  })
  const statusFor = async (host: string) => {
    const url = `http://127.0.0.1:${port}/v1/models`
    return (await run('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code}', '-H', `host: ${host}`, url])).stdout
  }
  const names = (variables.ALLOWED_HOSTS ?? '').split(',')
  expect(await Promise.all([...names, 'elsewhere.example'].map(statusFor))).toEqual([...names.map(() => '200'), '403'])
  server.kill('SIGTERM')
  expect(await once(server, 'exit')).toEqual([0, null])
})

test('the action starts a server, and the steps after it find it', async () => {
  const action = await readFile('.github/actions/serve/action.yml', 'utf8')
  const [, script = ''] = action.split('run: |\n')
  const port = await freePort()
  const [toEnv, toOutput] = [join(project, 'github-env'), join(project, 'github-output')]
  const env = envOf({
    DELTATAPE: 'deltatape',
    PORT: port,
    RUNNER_TEMP: project,
    GITHUB_ENV: toEnv,
    GITHUB_OUTPUT: toOutput,
  })
  // What it leaves running is in a group of its own, which ends with the test.
  const step = spawn('bash', ['-e', '-c', script], { cwd: project, env, detached: true, stdio: 'ignore' })
  onTestFinished(() => void process.kill(-(step.pid ?? 0), 'SIGTERM'))
  expect(await once(step, 'exit')).toEqual([0, null])
  const set = (await readFile(toEnv, 'utf8')).split('\n')
  expect(set).toEqual(expect.arrayContaining([`OPENAI_BASE_URL=http://127.0.0.1:${port}/v1`, 'OPENAI_API_KEY=any']))
  const log = (await readFile(toOutput, 'utf8')).replace('log=', '').trim()
  expect(await readFile(log, 'utf8')).toContain(`listens on http://127.0.0.1:${port} (replay)`)
})

test('a server that cannot start fails the step, which says why', async () => {
  const [, script = ''] = (await readFile('.github/actions/serve/action.yml', 'utf8')).split('run: |\n')
  const env = envOf({ DELTATAPE: 'deltatape', PORT: await freePort(), MODEL_MODE: 'play', RUNNER_TEMP: project })
  await expect(run('bash', ['-e', '-c', script], { cwd: project, env })).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/::error::.*\n.*MODEL_MODE must be/s),
  })
})
