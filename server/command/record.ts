/** `deltatape record`: sends the requests of fixtures again, to record their answers anew or to see how they differ. */
import { Command, InvalidArgumentError } from 'commander'
import { deltatape, marked } from '../base/command-line.ts'
import { DeltatapeError } from '../base/errors.ts'
import { printable } from '../base/text.ts'
import { narrowed } from '../base/variables.ts'
import type { Environment } from '../base/variables.ts'
import { type Config, VARIABLES, readConfig } from '../serve/config.ts'
import type { Candidate } from '../fixture/fixture.ts'
import { createRoutes } from '../model/transport/route.ts'
import { idOf } from '../fixture/take.ts'
import type { Store } from '../store/store.ts'
import { placeholdersOf } from '../redact/rules.ts'
import { linked } from '../upkeep/holders.ts'
import { type Keyless, type Plan, type Planned, type Selection, planRefresh, select, withKeys } from '../upkeep/plan.ts'
import { recheck } from '../upkeep/recheck.ts'
import { refresh } from '../upkeep/refresh.ts'
import { type Entry, type Job, type Task, answerIn, askedOf, damagedEntry, withAnAnswer } from '../upkeep/sending.ts'
import { STANDS, standingIn, withoutPolls } from '../upkeep/standing.ts'
import { parseAge } from './age.ts'
import { type Context, type Define, addVariables, environmentOf, servicesIn } from './command.ts'
import { WHERE, openFor, tellIgnored } from './fixtures.ts'
import { exitCodeOf, toJson, toText } from './record-report.ts'
import { type Terminal, counted } from './terminal.ts'

/** The variables that mean something here, and are flags too. */
const FLAGS = [
  'OPENAI_API_KEY',
  'OPENAI_BASE_URL',
  'UPSTREAMS',
  ...WHERE,
  'CONFIG_FILE',
  'RECORD_FAILURES',
  'FIRST_EVENT_TIMEOUT_MS',
  'IDLE_TIMEOUT_MS',
  'TURN_TIMEOUT_MS',
]

const MAX_CONCURRENCY = 64

interface Options {
  /** In ms. */
  readonly olderThan?: number
  readonly model?: string
  readonly concurrency: number
  readonly check?: true
  readonly dryRun?: true
  readonly json?: true
}

export const defineRecord: Define = (context) => {
  const command = new Command('record')
    .argument('[words...]', 'only fixtures that hold all of these in their name or input')
    .option('--older-than <age>', 'only what was recorded so long ago: 30d, 12w, 36h', parseAge)
    .option('--model <name>', 'only what this model was asked; * stands for anything')
    .option('--concurrency <count>', 'how many requests are under way at once', parseCount, 4)
    .option('--check', 'save nothing: report how the structure of the answers has changed')
    .option('--dry-run', 'send nothing: list what would be sent')
    .option('--json', 'write the result as JSON')
  return addVariables(command, ...FLAGS)
    .addHelpText('after', HELP)
    .action((words: string[], options: Options) => run(context, environmentOf(command, context.env), words, options))
}

const HELP = `
Each request is sent as its app sent it: to the host that it was asked of, with
the key of that API (OPENAI_API_KEY, ANTHROPIC_API_KEY, …). A host that no API
is known for has to stand in UPSTREAMS. A conversation is sent from its
beginning, each turn with what is new in the answer before: ids, items, texts.
Where the model now calls another tool, only the app can go on: such a
conversation stays as it was, and is named. A failure never replaces
a good fixture; a recorded failure that fails again in the same way stays as it
is, unless --record-failures is given. Of several answers to one call failures
always stay, and polls of what was not finished yet. A request that held a
secret cannot be sent again and is skipped.

Examples:
  npx deltatape record                           record everything again
  npx deltatape record french hungry             what has both words in it
  npx deltatape record --older-than 30d --dry-run
  npx deltatape record --check                   has the API changed?

Exit codes: 0 all went well and nothing has changed. 1 some failed; with --check
something has changed. 2 nothing could be done, not all could be checked, or
Ctrl-C came.

A key given as a flag can be read by others on this machine: rather set
OPENAI_API_KEY.`

function parseCount(text: string): number {
  const count = /^\d{1,2}$/.test(text) ? Number(text) : 0
  if (count >= 1 && count <= MAX_CONCURRENCY) return count
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${MAX_CONCURRENCY}.`)
}

/** Variables of other programs that say how calls leave this machine. */
const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'].flatMap((name) => [name, name.toLowerCase()])

/** The configuration, of the variables that count here. */
function configToRecord(env: Environment): Config {
  const proxies = Object.fromEntries(PROXIES.map((name) => [name, env[name]]))
  return readConfig({
    ...servicesIn(env),
    ...narrowed(VARIABLES, env, [...FLAGS, 'AUTH_TOKEN']),
    ...proxies,
    MODEL_MODE: 'record',
  })
}

async function run(context: Context, env: Environment, words: readonly string[], options: Options): Promise<void> {
  const { terminal, clock } = context
  const { olderThan, model, concurrency, check, dryRun, json } = options
  const task: Task = check ? 'check' : 'record'
  const config = configToRecord(env)
  const { store, redactor, match, rules } = openFor(config, context)
  await store.check({ write: false })
  if (!check && !dryRun) await store.check({ write: true })
  const job: Job = { context, config, redactor, store, match, concurrency }

  const { candidates: found, damaged } = await store.survey()
  const candidates = linked(found)
  const before = olderThan === undefined ? undefined : new Date(clock.date().getTime() - olderThan)
  const selection = { words, model, before }
  const selected = select(candidates, selection)
  const unreadable = words.length === 0 ? damaged.map((name) => damagedEntry(name)) : []
  if (selected.length === 0 && unreadable.length === 0) {
    checkSelection(store, candidates, selection)
    if (dryRun && json) return list(terminal, { send: [], skipped: [] }, { standing: new Map(), others: [] }, json)
    return terminal.write(json ? toJson(task, []) : 'Nothing was recorded so long ago.')
  }
  const { compared, passed } = check ? await withAnAnswer(store, selected) : { compared: selected, passed: [] }
  const routes = createRoutes(config)
  const planned = planRefresh(candidates, compared, redactor, placeholdersOf(rules), routes, store.flags)
  const keyed = dryRun ? planned : sendable(planned, withKeys(planned, routes))
  const standing = await standingIn(keyed.send, store, answerIn(store))
  const plan = check ? keyed : withoutPolls(keyed, standing)
  const asked = new Map(candidates.map((candidate) => [candidate.name, askedOf(candidate)]))
  const skipped = [...passed, ...plan.skipped].map((each): Entry => ({
    ...asked.get(each.name),
    ...each,
    outcome: 'skipped',
  }))
  if (dryRun) {
    return list(terminal, plan, { standing, others: [...unreadable, ...skipped] }, json)
  }

  const sent = check ? await recheck(job, plan, candidates) : await refresh(job, plan)
  const entries = [...unreadable, ...skipped, ...sent].toSorted((a, b) => (a.name < b.name ? -1 : 1))
  terminal.write(json ? toJson(task, entries) : toText(task, entries, terminal))
  const left = sent.filter(({ outcome }) => outcome === 'not_sent').length
  if (left > 0) terminal.tell(interruptedText(sent.length, left, task))
  if (sent.some(({ outcome }) => outcome === 'refreshed')) await tellIgnored(store, await store.list(), terminal)
  context.exit(exitCodeOf(task, entries))
}

/**
 * The plan without what lacks a key.
 *
 * @throws DeltatapeError `config_invalid` if that is all of it
 */
function sendable({ skipped }: Plan, { variables, ...plan }: Keyless): Plan {
  if (plan.send.length > 0 || skipped.length > 0 || variables.length === 0) return plan
  const [are, them] = variables.length > 1 ? ['are', 'them'] : ['is', 'it']
  throw new DeltatapeError(
    'config_invalid',
    `${variables.join(' and ')} ${are} missing, and record sends requests to the API. Set ${them}; --dry-run needs none.`,
  )
}

function interruptedText(all: number, left: number, task: Task): string {
  const whole = task === 'check' ? '' : '; every fixture is whole'
  return `deltatape: Interrupted: ${all - left} of ${all} were done, ${left} were not${whole}.`
}

/**
 * Tells why a selection means no fixture: that nothing is old enough is fine, words that mean nothing are a mistake.
 *
 * @throws DeltatapeError `config_invalid` if it is a mistake
 */
function checkSelection(
  { place, flags }: Pick<Store, 'place' | 'flags'>,
  candidates: readonly Candidate[],
  selection: Selection,
): void {
  const { before, ...rest } = selection
  if (before !== undefined && select(candidates, { ...rest, before: undefined }).length > 0) return
  const shown = JSON.stringify(place)
  const why =
    candidates.length === 0 ? `There are no fixtures in ${shown}` : `No fixture in ${shown} fits these words and flags`
  throw new DeltatapeError('config_invalid', `${why}: ${marked(deltatape('ls', ...flags))} shows what there is.`)
}

/** What would not be sent: what of a plan stays as it is, by the ids of the takes, and what stands in no plan. */
interface NotSent {
  readonly standing: ReadonlyMap<string, unknown>
  readonly others: readonly Entry[]
}

/** Lists what would be sent, the turns of a conversation each below the one before. */
function list(terminal: Terminal, plan: Plan, { standing, others: outside }: NotSent, json: boolean | undefined): void {
  const stays = ({ fixture }: Planned) => standing.has(idOf(fixture))
  const send = plan.send.filter((planned) => !stays(planned))
  const others = [
    ...outside,
    ...plan.send.filter(stays).map(({ fixture }): Entry => ({ ...askedOf(fixture), outcome: 'skipped', why: STANDS })),
  ]
  if (json) {
    const would_send = send.map(({ fixture, after, selected }) => ({
      name: fixture.name,
      after: after?.name,
      selected,
    }))
    return terminal.write(JSON.stringify({ would_send, others }, null, 2))
  }
  const depths = new Map<string, number>()
  const lines = send.map(({ fixture, after, selected }) => {
    const depth = after === undefined ? 0 : (depths.get(after.name) ?? 0) + 1
    depths.set(fixture.name, depth)
    return `${'  '.repeat(depth + 1)}${printable(fixture.name)}${selected ? '' : ' (for what follows it)'}`
  })
  const notSent = others.map(({ name, why = '' }) => `  ${printable(name)}\n    ${printable(why)}`)
  terminal.write(
    [
      `Would send ${counted(send.length, 'request')}${lines.length > 0 ? ':' : '.'}`,
      ...lines,
      ...(notSent.length > 0 ? ['Would not send:', ...notSent] : []),
    ].join('\n'),
  )
}
