/** The provider: an eval talks to a chat server of its own, which answers from fixtures. */
import { z } from 'zod'
import { DeltatapeError } from '../../base/errors.ts'
import { parseJson } from '../../base/json.ts'
import type { Environment } from '../../base/variables.ts'
import { openOutput } from '../../serve/log.ts'
import type { RunningServer } from '../../serve/server.ts'
import { type Settings, configFrom } from '../../serve/settings.ts'
import { startWith } from '../../serve/start.ts'
import { commandIn } from './command.ts'
import type { Answer, Context as Told } from './frames.ts'
import { type Input, talk } from './talk.ts'

export interface ChatOptions {
  readonly id?: string | undefined
  /** The settings of the server, and what promptfoo puts beside them. */
  readonly config?: Settings & { readonly basePath?: unknown }
  /** The variables of the eval, over those of the process. */
  readonly env?: Environment | undefined
}

/** What promptfoo tells of a call. */
interface Context extends Told {
  readonly vars?: Readonly<Record<string, unknown>> | undefined
}

/** The server of an eval, and whether it can be told to break an answer. */
interface Started {
  readonly server: RunningServer
  readonly replays: boolean
}

/**
 * `providers: [package:deltatape/promptfoo:Chat]`: the prompt is a turn of `/ws-stream`, on a server that is there as long
 * as the eval runs. A prompt that is a JSON list is a list of input items. Of a test's `vars` count here:
 *
 * - `fault`: what breaks the answers of this test, in replay. In the other modes its call is made without it
 * - `history`: what came before the prompt. Texts are turns that are asked first; objects are input items in front of it
 */
export class Chat {
  readonly #options: ChatOptions
  #server: Promise<Started> | undefined

  constructor(options: ChatOptions = {}) {
    this.#options = options
  }

  id(): string {
    return this.#options.id ?? 'deltatape'
  }

  async callApi(
    prompt: string,
    context: Context = {},
    { abortSignal }: { readonly abortSignal?: AbortSignal } = {},
  ): Promise<Answer> {
    try {
      const inputs = inputsOf(prompt, context.vars?.history)
      const { server, replays } = await (this.#server ??= this.#start())
      const fault = String(context.vars?.fault ?? '')
      const address = `${server.url.replace('http', 'ws')}/ws-stream`
      const asking = { signal: abortSignal, context }
      if (replays) return await talk(`${address}?fault=${encodeURIComponent(fault)}`, inputs, asking)
      const answer = await talk(address, inputs, asking)
      return fault === '' || !answer.metadata
        ? answer
        : { ...answer, metadata: { ...answer.metadata, lacksFault: true } }
    } catch (error) {
      // promptfoo tries what is thrown again, and shows its stack.
      if (error instanceof DeltatapeError) return { error: `${error.code}: ${error.message}` }
      throw error
    }
  }

  /** Ends the server. promptfoo asks for it after an eval that passed, and not after one that failed. */
  async cleanup(): Promise<void> {
    const starting = this.#server
    this.#server = undefined
    const started = await starting?.catch(() => undefined)
    await started?.server.close()
  }

  async #start(): Promise<Started> {
    const { config: { basePath: _basePath, ...settings } = {}, env } = this.#options
    const variables = { ...process.env, ...env }
    const howToRecord = commandIn(process.argv, variables)
    const config = configFrom({ howToRecord, ...settings }, variables)
    // What a replay has to say is in the results; what was recorded is not.
    const replays = config.mode === 'replay'
    const lines = replays ? { write() {} } : await openOutput(process.stderr)
    const { server } = await startWith({ ...config, host: '127.0.0.1', port: 0 }, lines)
    server.unref()
    process.once('beforeExit', () => void this.cleanup())
    return { server, replays }
  }
}

const itemsSchema = z.array(z.looseObject({})).min(1)

const historySchema = z.union([z.array(z.string()), itemsSchema])

/** The turns that are asked: those of the history, and the prompt. */
function inputsOf(prompt: string, history: unknown): readonly Input[] {
  const { data: items } = itemsSchema.safeParse(listIn(prompt))
  const asked = items ?? prompt
  if (history === undefined || history === '') return [asked]
  const { data: before } = historySchema.safeParse(typeof history === 'string' ? listIn(history) : history)
  if (before === undefined) throw noHistory()
  const [first] = before
  if (first === undefined || typeof first === 'string') return [...before.map(String), asked]
  return [[...before, ...(items ?? [{ role: 'user', content: prompt }])]]
}

/** The list that a text holds as JSON. */
const listIn = (text: string): unknown => (text.trimStart().startsWith('[') ? parseJson(text) : undefined)

const noHistory = () =>
  new DeltatapeError(
    'invalid_input',
    'The variable history has to be a list of texts, each a turn before this one, or of input items such as {"role":"user","content":"Hi"}. Texts have to be JSON in one text, as promptfoo makes a test of each item: \'["My name is Ada."]\'.',
  )
