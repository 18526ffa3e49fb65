/** promptfoo's command, and what keeps it quiet. */
import { resolve } from 'node:path'

export const BIN = resolve('node_modules/promptfoo/dist/src/entrypoint.js')

export const QUIET = {
  PROMPTFOO_DISABLE_TELEMETRY: '1',
  PROMPTFOO_DISABLE_UPDATE: '1',
  HTTPS_PROXY: 'http://127.0.0.1:9',
  NO_PROXY: '127.0.0.1,localhost',
}
