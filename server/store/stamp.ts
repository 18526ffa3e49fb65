/** What tells one content of a file from another, so that who acts on what was shown sees whether it is still there. */
import { createHash } from 'node:crypto'
import { readFileSync, statSync, unlinkSync } from 'node:fs'
import { systemCode } from '../base/errors.ts'

/** The SHA-256 (hex) of a file's content, or why there is none: `unknown` is something that is no file, or unreadable. */
export type Stamp = 'absent' | 'unknown' | (string & {})

/** The stamp of what is there now. It is taken in one go, so that nothing comes between it and what follows. */
export function stampOf(path: string | Buffer): Stamp {
  try {
    if (!statSync(path).isFile()) return 'unknown'
    return createHash('sha256').update(readFileSync(path)).digest('hex')
  } catch (error) {
    const code = systemCode(error)
    if (code === undefined) throw error
    return code === 'ENOENT' ? 'absent' : 'unknown'
  }
}

/** Whether what was there is still there. What could not be told may have been anything. */
export const isStill = (path: string | Buffer, stamp: Stamp): boolean => stamp !== 'unknown' && stampOf(path) === stamp

/** Whether nothing stands there, or only what is known to. */
export const isFree = (path: string | Buffer, known: Stamp): boolean =>
  stampOf(path) === 'absent' || isStill(path, known)

/** Takes a file away if it still has this stamp. Says whether it had. */
export function removeStamped(path: string | Buffer, stamp: Stamp): boolean {
  if (stamp === 'absent' || !isStill(path, stamp)) return false
  unlinkSync(path)
  return true
}
