/** The user's browser, and how it is told of an address. */
import { spawn } from 'node:child_process'
import type { Environment } from '../base/variables.ts'

type Words = readonly [program: string, ...args: string[]]

/** What opens an address on each platform. No shell reads it. */
const PLATFORMS: Readonly<Record<string, readonly Words[]>> = {
  darwin: [['open']],
  win32: [['rundll32.exe', 'url.dll,FileProtocolHandler']],
  linux: [['xdg-open'], ['wslview']],
}

/**
 * Opens an address in the user's browser: the one that `BROWSER` names, or else the usual one. What is opened stays when
 * this process ends.
 *
 * @returns whether something took it. A browser that was started for it and goes on is not waited for
 */
export async function openInBrowser(
  url: string,
  env: Environment,
  platform: string = process.platform,
): Promise<boolean> {
  for (const words of [...named(env.BROWSER ?? '', platform), ...(PLATFORMS[platform] ?? [['xdg-open']])]) {
    if (await took(words, url, env)) return true
  }
  return false
}

/** What `BROWSER` names: programs, joined by colons as paths are, each with words of its own, and `%s` for the address. */
function named(value: string, platform: string): readonly Words[] {
  const entries = platform === 'win32' ? [value] : value.split(':')
  return entries.flatMap((entry): Words[] => {
    const [program, ...args] = entry.trim().split(/\s+/)
    if (!program) return []
    // The path of a program may have spaces.
    return args.length > 0 ? [[entry.trim()], [program, ...args]] : [[program]]
  })
}

const took = ([program, ...given]: Words, url: string, env: Environment): Promise<boolean> => {
  const args = given.some((word) => word.includes('%s'))
    ? given.map((word) => word.replaceAll('%s', () => url))
    : [...given, url]
  return new Promise<boolean>((resolve) => {
    const child = spawn(program, args, { stdio: 'ignore', detached: true, env })
    child.once('error', () => resolve(false))
    child.once('exit', (code) => resolve(code === 0))
    child.unref()
  }).catch(() => false)
}
