/** The command of an eval, as it is typed to run it again. */
import type { Environment } from '../../base/variables.ts'
import { invocationIn } from '../../serve/invocation.ts'

/** What needs no quotes in a shell. */
const PLAIN = /^[\w@%+=:,./-]+$/

const quoted = (word: string): string => (PLAIN.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`)

/** The script of promptfoo, or its command. */
const PROMPTFOO = /[/\\]promptfoo[/\\]dist[/\\]|[/\\](?:promptfoo|pf)(?:\.\w+)?$/

/** @param argv the words of the process: Node, its script, and what follows */
export function commandIn(argv: readonly string[], env: Environment): string {
  const [, script = '', ...words] = argv
  return PROMPTFOO.test(script) ? ['npx promptfoo', ...words.map(quoted)].join(' ') : invocationIn(env)
}
