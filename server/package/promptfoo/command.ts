/** The command of an eval, as it is typed to run it again. */
import { runnerIn, wordFor } from '../../base/command-line.ts'
import type { Environment } from '../../base/variables.ts'
import { invocationIn } from '../../serve/invocation.ts'

/** The script of promptfoo, or its command. */
const PROMPTFOO = /[/\\]promptfoo[/\\]dist[/\\]|[/\\](?:promptfoo|pf)(?:\.\w+)?$/

/** @param argv the words of the process: Node, its script, and what follows */
export function commandIn(argv: readonly string[], env: Environment): string {
  const [, script = '', ...words] = argv
  return PROMPTFOO.test(script)
    ? [runnerIn(env), 'promptfoo', ...words.map((word) => wordFor(word))].join(' ')
    : invocationIn(env)
}
