/** What can be wrong with a fixture. */

/** What a problem is about. */
export type ProblemKind =
  | 'damaged'
  | 'cut-off'
  | 'key'
  | 'name'
  | 'duplicate'
  | 'take'
  | 'conversation'
  | 'time'
  | 'end'
  | 'hash'
  | 'habit'
  | 'secret'
  | 'age'
  | 'unused'
  | 'orphan'
  | 'empty'

/** Something that is wrong with a fixture, or with all of them. */
export interface Problem {
  /** The name of the file. */
  readonly name: string
  /** That of the first is 1. */
  readonly line: number
  readonly kind: ProblemKind
  /** An error is what a recording never writes; a warning is unusual, and may be meant. */
  readonly severity: 'error' | 'warning'
  readonly message: string
}

const problem =
  (severity: Problem['severity']) =>
  (name: string, line: number, kind: ProblemKind, message: string): Problem => ({ name, line, kind, severity, message })

export const error = problem('error')

export const warning = problem('warning')
