/** `deltatape export`: one HTML file that shows a fixture, without a server. */
import { Command } from 'commander'
import { stat, writeFile } from 'node:fs/promises'
import { posix } from 'node:path'
import { DeltatapeError, systemCode } from '../base/errors.ts'
import { printable } from '../base/text.ts'
import { pick, readFixture } from '../store/pick.ts'
import { readBuilt } from '../serve/page/assets.ts'
import { exportPage } from '../serve/page/export.ts'
import { createSources } from '../serve/page/sources.ts'
import { type Define, configFrom } from './command.ts'
import { WHERE, addFixtures, fixturesOf } from './fixtures.ts'
import { counted } from './terminal.ts'

interface Options {
  readonly output?: string
  readonly force?: true
}

/** What stands for the output of this command. */
const STDOUT = '-'

export const defineExport: Define = (context) =>
  addFixtures(new Command('export'))
    .argument('<fixture>', 'how its name or key begins, with or without .jsonl, or the path of a file')
    .option('--output <file>', 'where it goes, - for a pipe; <name>.html in this folder if it is not said')
    .option('--force', 'write over a file that is there')
    .addHelpText(
      'after',
      `
The file holds what the fixture holds, and the page that shows it. A browser
opens it from a disk, and asks nobody for anything. Viewers that forbid scripts
show nothing of it.

Examples:
  npx deltatape export my-name-is-ada-1
  npx deltatape export 3bb5b98 --output turn.html --force
  npx deltatape export 3bb5b98 --output - | gzip > turn.html.gz`,
    )
    .action(async (word: string, { output, force }: Options, command: Command) => {
      const { terminal, clock } = context
      const { store, redactor } = fixturesOf(command, context)
      const fixture = await readFixture(await pick(store, word))
      const sources = createSources({ config: configFrom(command, context.env, ...WHERE), store, redactor, clock })
      const html = exportPage(await readBuilt(), await sources.viewOf(fixture))
      if (output === STDOUT) return terminal.pass(html)
      const file = output ?? `${posix.basename(fixture.name, '.jsonl')}.html`
      await write(file, html, force)
      const size = counted(Buffer.byteLength(html), 'byte')
      terminal.write(`Wrote ${terminal.style('bold', printable(file))} (${size})`)
    })

/** @throws DeltatapeError if it is there, or cannot be written */
async function write(file: string, html: string, force = false): Promise<void> {
  try {
    // A pipe or a device holds nothing that could be lost.
    const isThere = (await stat(file).catch(() => undefined))?.isFile() ?? false
    await writeFile(file, html, { flag: isThere && !force ? 'wx' : 'w' })
  } catch (cause) {
    const code = systemCode(cause)
    if (code === undefined) throw cause
    const shown = printable(file)
    const message =
      code === 'EEXIST'
        ? `${shown} is there, and stays. --force writes over it, --output names another.`
        : `${shown} cannot be written: ${code}. --output names another.`
    throw new DeltatapeError('config_invalid', message, { cause })
  }
}
