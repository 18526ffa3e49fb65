/** The page for whoever sits at this machine: a server of its own, which shows one fixture and then whatever is asked for. */
import type { Command } from 'commander'
import { once } from 'node:events'
import { dirname } from 'node:path'
import { DeltatapeError } from '../base/errors.ts'
import { deltatape, marked } from '../base/command-line.ts'
import { printable } from '../base/text.ts'
import type { Picked } from '../store/pick.ts'
import type { Store } from '../store/store.ts'
import { readBuilt } from '../serve/page/assets.ts'
import { startWith } from '../serve/start.ts'
import { openInBrowser } from './browser.ts'
import { type Context, configFrom } from './command.ts'
import { WHERE } from './fixtures.ts'

/** What counts for what is shown. All else is this server's own. */
const VARIABLES = [...WHERE, 'CONFIG_FILE', 'CHATBOT_MODEL', 'AUTH_TOKEN']

/**
 * Opens a fixture in the user's browser, and serves it until Ctrl-C.
 *
 * @throws DeltatapeError if it is not among those that are served, or there is no page
 */
export async function showPage(picked: Picked, store: Store, command: Command, context: Context): Promise<void> {
  const { env, terminal } = context
  await readBuilt()
  await refuseElsewhere(picked, store)
  const config = configFrom(command, env, ...VARIABLES)
  const { server } = await startWith({ ...config, port: 0, fixturesNamed: true }, { write() {} })
  const interrupted = context.interrupted()
  const token = config.authToken === undefined ? '' : `?token=${encodeURIComponent(config.authToken)}`
  const url = `${server.url}/#/fixtures/${encodeURIComponent(picked.name)}${token}`
  terminal.write(`${url}\n${terminal.style('dim', 'Ctrl-C ends it.')}`)
  const open = async (): Promise<void> => {
    if (await openInBrowser(url, env)) return
    terminal.tell('deltatape: No browser could be opened from here: open this address in yours.')
  }
  void open()
  if (!interrupted.aborted) await once(interrupted, 'abort')
  await server.close(0)
}

async function refuseElsewhere({ name, path }: Picked, { place, list }: Store): Promise<void> {
  if ((await list()).includes(name)) return
  throw new DeltatapeError(
    'config_invalid',
    `${printable(path)} is not among the fixtures of ${printable(place)}, and only those are served. ${marked(deltatape('show', path, '--fixtures', dirname(path), '--open'))} shows it.`,
  )
}
