#!/usr/bin/env node
/** The `deltatape` command: what it is given of the process, and its exit code. */
import { runCli } from './command/index.ts'
import { terminalOf } from './command/terminal.ts'
import { systemClock } from './pace.ts'

const code = await runCli(process.argv.slice(2), {
  env: process.env,
  terminal: terminalOf(process),
  clock: systemClock,
  interrupted() {
    const controller = new AbortController()
    process.once('SIGINT', () => controller.abort())
    return controller.signal
  },
})
if (code !== 0) process.exitCode = code
