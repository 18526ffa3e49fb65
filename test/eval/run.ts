/** Runs the eval in a mode: `tsx test/eval/run.ts replay [options of promptfoo eval]`. */
import { spawn } from 'node:child_process'

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

const child = spawn(
  process.execPath,
  ['node_modules/promptfoo/dist/src/entrypoint.js', 'eval', '--no-cache', '--no-share', ...options],
  {
    stdio: 'inherit',
    env: { ...process.env, ...QUIET, ...(mode === 'replay' ? NO_WAY_OUT : {}), MODEL_MODE: mode },
  },
)
child.on('exit', (code) => {
  process.exitCode = code ?? 1
})
