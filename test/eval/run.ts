/** Runs the eval in a mode: `node --import tsx test/eval/run.ts replay [options of promptfoo eval]`. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { readConfig } from '../../server/serve/config.ts'
import { withExitCode } from '../../server/serve/process.ts'
import { modeThere } from '../../server/package/promptfoo/hook.ts'

const [mode = 'replay', ...options] = process.argv.slice(2)

/** What promptfoo would send home, switched off. */
const QUIET = {
  PROMPTFOO_DISABLE_TELEMETRY: '1',
  PROMPTFOO_DISABLE_UPDATE: '1',
  PROMPTFOO_DISABLE_SHARING: '1',
  PROMPTFOO_DISABLE_REMOTE_GENERATION: '1',
}

/** promptfoo sends one beacon whatever it is told. A proxy that does not exist takes it. */
const NOWHERE = 'http://127.0.0.1:9'
const NO_WAY_OUT = {
  HTTP_PROXY: NOWHERE,
  HTTPS_PROXY: NOWHERE,
  http_proxy: NOWHERE,
  https_proxy: NOWHERE,
  ALL_PROXY: NOWHERE,
  all_proxy: NOWHERE,
  NO_PROXY: '127.0.0.1,localhost,::1',
  no_proxy: '127.0.0.1,localhost,::1',
}

const env = { ...process.env, ...QUIET, ...(mode === 'replay' ? NO_WAY_OUT : {}), MODEL_MODE: mode }

/**
 * Waits until a process has ended. It gets the signals that this one gets: npm sends them to this one alone.
 *
 * @returns its exit code; 128 and the number of the signal if one ended it
 */
async function exitCodeOf(child: ChildProcess): Promise<number> {
  let came: NodeJS.Signals | undefined
  const passOn = (signal: NodeJS.Signals) => {
    came ??= signal
    child.kill(signal)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, passOn)
  const [code]: unknown[] = await once(child, 'exit')
  const signal = came ?? child.signalCode
  if (signal !== null) return 128 + constants.signals[signal]
  return typeof code === 'number' ? code : 1
}

await withExitCode(process, async () => {
  // What stands in the way is told here, and not from within promptfoo.
  await modeThere(readConfig({ ...env, HOST: '127.0.0.1' }), env)
  const promptfoo = ['node_modules/promptfoo/dist/src/entrypoint.js', 'eval', '--no-cache', '--no-share']
  process.exitCode = await exitCodeOf(spawn(process.execPath, [...promptfoo, ...options], { stdio: 'inherit', env }))
})
