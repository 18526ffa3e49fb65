/** Asks git. The only one that runs it. */
import { execFile } from 'node:child_process'
import { dirname, resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The most that is read of what git writes, in bytes. */
const MAX_BYTES = 2 ** 30

/**
 * A repository names programs in its settings, and git runs them. One that came with the fixtures, as a folder among them,
 * is no repository here; none is asked what has changed; and whatever a repository lacks is not fetched, which such a
 * program would do.
 */
const BEFORE = ['-c', 'safe.bareRepository=explicit', '-c', 'core.fsmonitor=false']
const NOTHING_FETCHED = { GIT_NO_LAZY_FETCH: '1', GIT_ALLOW_PROTOCOL: 'none' }

interface Asked {
  /** Where git looks for its repository, and what paths are relative to. */
  readonly folder: string
  /** What it reads. */
  readonly input?: string
  /** How long it may take, in ms; as long as it likes if it is missing. */
  readonly timeoutMs?: number
}

/** What git writes. Rejects with what it says, as `stderr`, if it refuses. */
export async function askGit(words: readonly string[], { folder, input, timeoutMs }: Asked): Promise<Buffer> {
  const running = run('git', [...BEFORE, '-C', resolve(folder), ...words], {
    // Windows looks for a program in the folder first where it is to run.
    cwd: dirname(process.execPath),
    maxBuffer: MAX_BYTES,
    encoding: 'buffer',
    timeout: timeoutMs,
    env: { ...process.env, ...NOTHING_FETCHED, LC_ALL: 'C' },
  })
  // It may end before it has read all: then its own words tell why.
  running.child.stdin?.on('error', () => {}).end(input)
  return (await running).stdout
}
