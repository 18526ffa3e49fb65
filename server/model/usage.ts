/** A model that writes down which fixtures are used, and which requests have none. */
import { appendFileSync } from 'node:fs'
import { DeltatapeError, systemCode } from '../base/errors.ts'
import type { Store } from '../store/store.ts'
import { missedLine, usedLine } from '../store/usage.ts'
import type { Action, Model } from './model.ts'

/** Takes a line, and has kept it when it returns. */
export type Append = (line: string) => void

/**
 * Opens a usage log: each line is one append to the file, so that several processes can write to it and none is lost
 * when one of them dies.
 *
 * @throws DeltatapeError `config_invalid` where it cannot be written
 */
export function openUsageLog(path: string): Append {
  const append = (line: string) => appendFileSync(path, line)
  try {
    append('')
  } catch (cause) {
    const why = systemCode(cause)
    if (why === undefined) throw cause
    throw new DeltatapeError('config_invalid', `USAGE_LOG: ${JSON.stringify(path)} cannot be written: ${why}.`, {
      cause,
    })
  }
  return append
}

/** Makes a model that answers as `model` does. A line that cannot be written fails the request: it would be missed later. */
export function logUsage(model: Model, store: Store, append: Append): Model {
  return async function* (request, signal) {
    let missed = false
    const note = (action: Action) => {
      if (action.kind === 'miss') missed = true
      else append(usedLine(action.fixture))
      request.note?.(action)
    }
    try {
      yield* model({ ...request, note }, signal)
    } catch (error) {
      if (missed) append(missedLine(await store.identify(request.body)))
      throw error
    }
  }
}
