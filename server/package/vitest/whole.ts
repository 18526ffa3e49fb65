/** Whether a run was a whole one: what a part of the tests did not use, others may. */
import type { TestModule, Vitest } from 'vitest/node'

/** What of its configuration leaves tests out. Some of it has no type in every version. */
interface Narrowing {
  readonly testNamePattern?: unknown
  readonly shard?: unknown
  readonly changed?: unknown
  readonly related?: unknown
  readonly tagsFilter?: unknown
  readonly project?: unknown
}

const says = (value: unknown): boolean => (Array.isArray(value) ? value.length > 0 : Boolean(value))

/** Whether all tests that there are ran, none of them left out by the command line, by `only` or by a skip. */
export function isWhole(vitest: Vitest, modules: readonly TestModule[]): boolean {
  const { testNamePattern, shard, changed, related, tagsFilter, project }: Narrowing = vitest.config
  // What was named on the command line; vitest has no public word for it.
  const { filenamePattern }: { readonly filenamePattern?: unknown } = { filenamePattern: undefined, ...vitest }
  if ([testNamePattern, shard, changed, related, tagsFilter, project, filenamePattern].some(says)) return false
  return modules.every(({ children }) =>
    [...children.allTests()].every((test) => test.options.mode === 'todo' || test.result().state !== 'skipped'),
  )
}
