/** Who is billed is told in errors, and is nobody's who reads a fixture. */
import { expect, test } from 'vitest'
import { apiNamed } from '../../server/api/index.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { toRecords } from './kit.ts'

const redactor = createRedactor()

const ID = 'aB3dEf6hIj9kLm2nOp5qRs8t'
const UUID = '1b4e28ba-2fa1-11d2-883f-0016d3cca427'

/** What APIs say of an account in errors. */
const ERRORS: readonly (readonly [api: string, body: Readonly<Record<string, unknown>>, id: string])[] = [
  [
    'responses',
    { error: { message: `Rate limit reached for gpt-4.1 in organization org-${ID} on tokens` } },
    `org-${ID}`,
  ],
  ['chat-completions', { error: { message: `Project \`proj_${ID}\` does not have access to model` } }, `proj_${ID}`],
  [
    'chat-completions',
    { error: { message: 'in organization `org_01hx2y3z4a5b6c7d8e9f0a1b2c` on' } },
    'org_01hx2y3z4a5b6c7d8e9f0a1b2c',
  ],
  ['chat-completions', { error: { message: 'Limit', code: 429 }, user_id: `user_2${ID}` }, `user_2${ID}`],
  ['chat-completions', { object: 'fine_tuning.job', organization_id: `org-${ID}` }, `org-${ID}`],
  ['messages', { type: 'error', error: { message: `your organization's rate limit (org: ${UUID}, model: x)` } }, UUID],
  ['bedrock', { message: 'User: arn:aws:sts::123456789012:assumed-role/dev is not authorized' }, '123456789012'],
  ['gemini', { error: { details: [{ metadata: { consumer: 'projects/123456789012' } }] } }, '123456789012'],
  ['any', { error: `Unknown project 123456789012 in org-${ID}` }, `org-${ID}`],
]

test.each(ERRORS)('%s: %j', async (api, body, id) => {
  const before = JSON.stringify(body)
  const plain = [{ at: 5, wire: before }]
  const after = before.replaceAll(id, '[redacted:account-id]')
  const [written] = await redactor.records(plain, apiNamed(api))
  expect(written?.wire).toContain('[redacted:account-id]')
  expect(written?.wire).not.toContain(id)
  if (api !== 'any') expect(written?.wire).toBe(after)
  const [event] = await redactor.records(toRecords([body]), apiNamed(api))
  expect(event?.event?.text).toBe(String(written?.wire))
  // A request has the key that it had.
  expect(redactor.json(before)).toBe(before)
})

test('what a model says, and what only looks alike, stays', async () => {
  const text = `org-${ID} and ${UUID}`
  const records = toRecords([
    { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: text },
    { choices: [{ index: 0, delta: { content: text } }], id: `org-${ID}` },
    { error: { message: 'an org-wide limit of project 7, see projects/overview and user-friendly pages' } },
    { message: { role: 'assistant', content: text } },
  ])
  for (const api of ['responses', 'chat-completions', 'any']) {
    expect(await redactor.records(records, apiNamed(api))).toBe(records)
  }
})
