/** Texts that stream in turns: each is read as one, and a secret in it is found although pieces of another come between. */
import { expect, test } from 'vitest'
import { apiNamed } from '../../server/api/index.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { bodiesOf, toRecords } from './kit.ts'
import { SECRETS } from './samples.ts'

type Json = Readonly<Record<string, unknown>>

const secret = SECRETS['openai-key']
const pieces = ['It is ', secret.slice(0, 7), secret.slice(7, 20), secret.slice(20), '.']
const left = ['It is ', '[redacted:openai-key]', '', '', '.']

/** How each API says a piece of the text with this number. */
const SAYS: readonly (readonly [api: string, what: string, (part: number, text: string) => Json])[] = [
  [
    'responses',
    'items of the output',
    (part, delta) => ({ type: 'response.output_text.delta', output_index: part, content_index: 0, delta }),
  ],
  ['chat-completions', 'choices', (index, content) => ({ choices: [{ index, delta: { content } }] })],
  [
    'chat-completions',
    'calls of tools',
    (index, text) => ({ choices: [{ index: 0, delta: { tool_calls: [{ index, function: { arguments: text } }] } }] }),
  ],
  [
    'messages',
    'blocks',
    (index, text) => ({ type: 'content_block_delta', index, delta: { type: 'text_delta', text } }),
  ],
  ['gemini', 'candidates', (index, text) => ({ candidates: [{ index, content: { parts: [{ text }] } }] })],
  ['any', 'objects with an index, of an API that is not known', (index, t) => ({ out: { index, said: t } })],
]

test.each(SAYS)('%s: %s', async (api, _what, say) => {
  const inTurns = (texts: readonly string[]) => toRecords(texts.flatMap((text) => [say(0, text), say(1, text)]))
  const written = await createRedactor().records(inTurns(pieces), apiNamed(api))
  expect(bodiesOf(written)).toEqual(bodiesOf(inTurns(left)))
})
