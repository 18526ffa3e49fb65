/** Runs the eval in a mode: `tsx test/eval/run.ts replay [options of promptfoo eval]`. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readConfig } from '../../server/config.ts'
import { withExitCode } from '../../server/serve/process.ts'
import { modeThere } from './hooks.ts'

const [mode = 'replay', ...options] = process.argv.slice(2)

/** What promptfoo would send home, switched off. */
const QUIET = {
  PROMPTFOO_DISABLE_TELEMETRY: '1',
  PROMPTFOO_DISABLE_UPDATE: '1',
  PROMPTFOO_DISABLE_SHARING: '1',
  PROMPTFOO_DISABLE_REMOTE_GENERATION: '1',
}

/** promptfoo sends one beacon whatever it is told; a proxy that is not there takes it. */
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

await withExitCode(process, async () => {
  // What stands in the way is told here, and not from within promptfoo.
  await modeThere(readConfig({ ...env, HOST: '127.0.0.1' }), env)
  const promptfoo = ['node_modules/promptfoo/dist/src/entrypoint.js', 'eval', '--no-cache', '--no-share']
  const child = spawn(process.execPath, [...promptfoo, ...options], { stdio: 'inherit', env })
  const [code] = await once(child, 'exit')
  process.exitCode = typeof code === 'number' ? code : 1
})
