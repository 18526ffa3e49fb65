/** Agent programs: how each is started, how it is told where its API is, and which tool its model calls. */
import { compose, steps } from '../kit/answers.ts'
import type { Answer, Call } from '../kit/standin.ts'

type Json = Readonly<Record<string, unknown>>

/** What a program is started with. */
export interface Start {
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Files under its home, by their names. */
  readonly files?: Readonly<Record<string, string>>
}

export interface Program {
  /** Its command in `node_modules/.bin`. */
  readonly command: string
  /** What the model asks for first. */
  readonly tool: readonly [name: string, args: Json]
  /** Entries of `replace` that it needs beside those which have a word. */
  readonly replace?: readonly Json[]
  /** @param url the address of deltatape, without a path */
  start(url: string, home: string): Start
}

/** What every program is asked. */
const PROMPT = 'List the files here.'

const LIST = 'echo 0; ls'

const SAID = 'There is one: note.txt.'

const json = (value: unknown) => JSON.stringify(value)

const codex =
  (config: (url: string) => string): Program['start'] =>
  (url, home) => ({
    args: ['exec', '--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox', PROMPT],
    env: { CODEX_HOME: `${home}/.codex`, CODEX_API_KEY: 'sk-stand-in' },
    files: { '.codex/config.toml': `${config(url)}\n[analytics]\nenabled = false\n` },
  })

const pi =
  (api: string, path = ''): Program['start'] =>
  (url) => ({
    args: ['-p', '--provider', 'here', '--model', 'standin-1', PROMPT],
    env: { PI_OFFLINE: '1' },
    files: {
      '.pi/agent/models.json': json({
        providers: { here: { baseUrl: url + path, api, apiKey: 'sk-stand-in', models: [{ id: 'standin-1' }] } },
      }),
    },
  })

export const PROGRAMS: Readonly<Record<string, Program>> = {
  'codex over HTTP': {
    command: 'codex',
    tool: ['exec_command', { cmd: LIST }],
    start: codex((url) =>
      [
        'model = "standin-1"',
        'model_provider = "here"',
        '[model_providers.here]',
        'name = "here"',
        `base_url = "${url}/v1"`,
        'env_key = "CODEX_API_KEY"',
        'wire_api = "responses"',
      ].join('\n'),
    ),
  },
  'codex over a WebSocket': {
    command: 'codex',
    tool: ['exec_command', { cmd: LIST }],
    start: codex((url) => `model = "standin-1"\nopenai_base_url = "${url}/v1"`),
  },
  claude: {
    command: 'claude',
    tool: ['Bash', { command: LIST, description: 'List' }],
    start: (url, home) => ({
      args: ['-p', PROMPT, '--allowedTools', 'Bash'],
      env: {
        ANTHROPIC_BASE_URL: url,
        ANTHROPIC_API_KEY: 'sk-stand-in',
        CLAUDE_CONFIG_DIR: `${home}/.claude`,
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      },
    }),
  },
  'pi on Responses': { command: 'pi', tool: ['bash', { command: LIST }], start: pi('openai-responses', '/v1') },
  'pi on Messages': { command: 'pi', tool: ['bash', { command: LIST }], start: pi('anthropic-messages') },
  'pi on Chat Completions': {
    command: 'pi',
    tool: ['bash', { command: LIST }],
    start: pi('openai-completions', '/v1'),
  },
  gemini: {
    command: 'gemini',
    tool: ['run_shell_command', { command: LIST }],
    start: (url) => ({
      args: ['-p', PROMPT, '-m', 'standin-1', '--yolo', '--skip-trust'],
      env: { GOOGLE_GEMINI_BASE_URL: url, GEMINI_API_KEY: 'stand-in' },
      files: {
        '.gemini/settings.json': json({
          security: { auth: { selectedType: 'gemini-api-key' } },
          tools: { shell: { enableInteractiveShell: false } },
          privacy: { usageStatisticsEnabled: false },
        }),
      },
    }),
  },
  qwen: {
    command: 'qwen',
    // Its own files are named by the way from the project.
    replace: [{ pattern: String.raw`(?:\.\./)+\.qwen/`, with: '~/.qwen/' }],
    tool: ['run_shell_command', { command: LIST, is_background: false }],
    start: (url) => ({
      args: ['-p', PROMPT, '--yolo', '--auth-type', 'openai'],
      env: { OPENAI_BASE_URL: `${url}/v1`, OPENAI_API_KEY: 'sk-stand-in', OPENAI_MODEL: 'standin-1' },
      files: { '.qwen/settings.json': json({ privacy: { usageStatisticsEnabled: false } }) },
    }),
  },
  opencode: {
    command: 'opencode',
    tool: ['bash', { command: LIST, description: 'List' }],
    start: (url) => ({
      args: ['run', PROMPT],
      env: { OPENCODE_DISABLE_MODELS_FETCH: '1', OPENCODE_DISABLE_AUTOUPDATE: '1' },
      files: {
        '.config/opencode/opencode.json': json({
          model: 'here/standin-1',
          small_model: 'here/standin-1',
          provider: {
            here: {
              npm: '@ai-sdk/openai-compatible',
              options: { baseURL: `${url}/v1`, apiKey: 'sk-stand-in' },
              models: { 'standin-1': { tool_call: true } },
            },
          },
        }),
      },
    }),
  },
}

/** Whether a tool has been called: its output comes with the last message. */
const HAS_OUTPUT =
  /"type":"(?:function_call_output|custom_tool_call_output|tool_result)"|"role":"tool"|"functionResponse":/

/** What the stand-in says: a call of the program's tool, then a text. */
export function answerTo({ command, tool: [name, args] }: Program, { text, path, body }: Call, index: number): Answer {
  const asks = !HAS_OUTPUT.test(text) && body.generate !== false
  const id = `${command}${index}`
  if (path.includes('/messages')) return { steps: asks ? use(id, name, args) : tell(id) }
  if (path.includes('/chat/completions')) return { steps: asks ? toolCalls(id, name, args) : choices(id) }
  if (path.includes('models/')) return { steps: contents(asks ? { functionCall: { name, args } } : { text: SAID }) }
  const answer = compose(id)
  if (body.generate === false) return { steps: steps(answer.completed()) }
  return { steps: steps((asks ? answer.call(name, [json(args)]) : answer.text([SAID])).completed()) }
}

const block = (id: string, reason: string, content: Json, delta: Json) =>
  steps([
    {
      type: 'message_start',
      message: { id: `msg_${id}`, type: 'message', role: 'assistant', model: 'standin-1', content: [], usage: {} },
    },
    { type: 'content_block_start', index: 0, content_block: content },
    { type: 'content_block_delta', index: 0, delta },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: reason }, usage: { output_tokens: 5 } },
    { type: 'message_stop' },
  ])

const use = (id: string, name: string, args: Json) =>
  block(
    id,
    'tool_use',
    { type: 'tool_use', id: `toolu_${id}`, name, input: {} },
    { type: 'input_json_delta', partial_json: json(args) },
  )

const tell = (id: string) => block(id, 'end_turn', { type: 'text', text: '' }, { type: 'text_delta', text: SAID })

const chunks = (id: string, delta: Json, reason: string) => [
  ...[
    { delta: { role: 'assistant', ...delta }, finish_reason: null },
    { delta: {}, finish_reason: reason },
  ].map((choice) => ({
    raw: `data: ${json({ id: `chatcmpl-${id}`, object: 'chat.completion.chunk', created: 1, model: 'standin-1', choices: [{ index: 0, ...choice }] })}\n\n`,
  })),
  { raw: 'data: [DONE]\n\n' },
]

const toolCalls = (id: string, name: string, args: Json) =>
  chunks(
    id,
    { tool_calls: [{ index: 0, id: `call_${id}`, type: 'function', function: { name, arguments: json(args) } }] },
    'tool_calls',
  )

const choices = (id: string) => chunks(id, { content: SAID }, 'stop')

const contents = (part: Json) => [
  {
    raw: `data: ${json({ candidates: [{ content: { role: 'model', parts: [part] }, finishReason: 'STOP', index: 0 }] })}\r\n\r\n`,
  },
]
