/** A model that writes down which fixtures are used, and which calls have none. */
import { appendFileSync } from 'node:fs'
import type { Batch } from '../api/record.ts'
import { DeltatapeError, systemCode } from '../base/errors.ts'
import type { Store } from '../store/store.ts'
import { missedLine, usedLine } from '../store/usage.ts'
import { type Action, type Answer, type Model, actionOf } from './model.ts'

/** Takes a line, and has kept it when it returns. */
export type Append = (line: string) => void

/**
 * Opens a usage log: each line is one append to the file, so that several processes can write to it and none is lost
 * when one of them dies.
 *
 * @throws DeltatapeError `config_invalid` if it cannot be written
 */
export function openUsageLog(path: string): Append {
  const append = (line: string) => appendFileSync(path, line)
  try {
    append('')
  } catch (cause) {
    const why = systemCode(cause)
    if (why === undefined) throw cause
    throw new DeltatapeError(
      'config_invalid',
      `USAGE_LOG: ${JSON.stringify(path)} cannot be written: ${why}. Name a file that this process can write.`,
      {
        cause,
      },
    )
  }
  return append
}

/** Makes a model that answers as `model` does. A line that cannot be written fails the call: it would be missed later. */
export function logUsage(model: Model, store: Store, append: Append): Model {
  return async (call, signal) => {
    try {
      const answer = await model(call, signal)
      if (!answer.action) {
        return {
          head: answer.head,
          get action() {
            return answer.action
          },
          records: whenRecorded(answer, append),
        }
      }
      append(usedLine(answer.action.fixture))
      return answer
    } catch (error) {
      const action = actionOf(error)
      if (action?.kind === 'miss') append(missedLine(await store.identify(call)))
      else if (action) append(linesOf(action))
      throw error
    }
  }
}

/** The lines for a recording, and for what was saved with it. */
const linesOf = ({ fixture, earlier = [] }: Action): string =>
  [...earlier, { fixture }].map((each) => usedLine(each.fixture)).join('')

/** A recording has its name when its last record is there. */
async function* whenRecorded(answer: Answer, append: Append): AsyncGenerator<Batch, void> {
  try {
    yield* answer.records
  } finally {
    if (answer.action) append(linesOf(answer.action))
  }
}
