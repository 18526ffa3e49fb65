/** Test runners that are no part of this checkout: `.ci/runners` gets them, and `RUNNERS` says where they are. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A runner from npm: its package, and the script behind its command. */
export interface Other {
  readonly name: string
  readonly command: string
  readonly script: string
}

export const JEST: Other = { name: 'jest', command: 'jest', script: 'jest/bin/jest.js' }

export const PLAYWRIGHT: Other = { name: '@playwright/test', command: 'playwright', script: '@playwright/test/cli.js' }

const place = (path: string): string => join(process.env.RUNNERS ?? 'nowhere', 'node_modules', path)

/** Why a runner cannot be tried; undefined if it can. */
export const lackOf = ({ name, script }: Other): string | undefined =>
  existsSync(place(script)) ? undefined : `${name} is not installed: .ci/runners <folder>, and RUNNERS=<folder>`

/** Puts a runner into a folder, as its reader has installed it. */
export async function addTo(folder: string, { name, command, script }: Other): Promise<void> {
  const links = [
    [place(name), join(folder, 'node_modules', name)],
    [place(script), join(folder, 'node_modules/.bin', command)],
  ] as const
  for (const [target, path] of links) {
    await mkdir(dirname(path), { recursive: true })
    await symlink(target, path)
  }
}

/** A Python that has pytest and xdist, if there is one. */
export async function pythonWithPytest(): Promise<string | undefined> {
  for (const python of ['python3', '/usr/bin/python3']) {
    const has = await run(python, ['-c', 'import pytest, xdist']).then(
      () => true,
      () => false,
    )
    if (has) return python
  }
  return undefined
}

/** A browser of this machine, if there is one that Playwright can drive. */
export const CHROMIUM: string | undefined = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
)
