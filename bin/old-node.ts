/**
 * What a Node that is too old makes of the build: it is told which one is needed, instead of what it lacks.
 *
 * A built-in that such a Node has not is no error while the modules are linked; and then the first of them says it.
 */
import { posix } from 'node:path'
import type { Plugin } from 'rolldown'

/** `import { a, b as c } from "node:zlib";` */
const NAMED = /^import (?:([\w$]+), )?\{ ([^}]+) \} from "(node:[^"]+)";$/gm

/** The name of a module as a part of an identifier. */
const wordOf = (module: string): string => module.replaceAll(/\W/g, '_')

export const oldNode: Plugin = {
  name: 'old-node',
  renderChunk(code, { isEntry, fileName }) {
    const linked = code.replaceAll(NAMED, (_line, whole: string | undefined, names: string, module: string) => {
      const all = `all_of_${wordOf(module)}`
      const imported = whole === undefined ? `* as ${all}` : `${whole}, * as ${all}`
      return `import ${imported} from "${module}";\nconst { ${names.replaceAll(' as ', ': ')} } = ${all};`
    })
    return isEntry ? `import "${posix.relative(posix.dirname(fileName), '../bin/needed.js')}";\n${linked}` : linked
  },
}
