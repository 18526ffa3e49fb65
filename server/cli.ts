#!/usr/bin/env node
/** The `deltatape` command: what it gets of the process, and its exit code. */
import { systemClock } from './base/clock.ts'
import { EXIT } from './base/errors.ts'
import { runCli } from './command/index.ts'
import { terminalOf } from './command/terminal.ts'

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

if (code !== EXIT.fine) process.exitCode = code
