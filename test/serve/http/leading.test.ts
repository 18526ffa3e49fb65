/** Addresses in the headers of answers: the client comes back through this server, while it records and in a replay. */
import { GoogleGenAI } from '@google/genai'
import { expect, test } from 'vitest'
import { ledHere } from '../../../server/serve/http/leading.ts'
import { runServer, runStandIn, temporaryFolder } from '../../kit/tools.ts'

const FILE = {
  name: 'files/abc',
  uri: 'https://generativelanguage.googleapis.com/v1beta/files/abc',
  mimeType: 'text/plain',
}

/** As long as those of Google. */
const ID = `AHmUCxJ${'k3-Qz_9Tb'.repeat(12)}`

test('a file that Gemini takes in two steps comes here twice', async () => {
  const standIn = await runStandIn(({ headers, path }) =>
    headers['x-goog-upload-command'] === 'start'
      ? { headers: { 'x-goog-upload-url': `${origin}${path}?upload_id=${ID}&upload_protocol=resumable` }, body: '{}' }
      : { headers: { 'x-goog-upload-status': 'final' }, body: JSON.stringify({ file: FILE }) },
  )
  const { origin } = new URL(standIn.url)
  const env = {
    GOOGLE_GEMINI_BASE_URL: origin,
    GEMINI_API_KEY: 'AIza-of-the-server',
    FIXTURES_DIR: await temporaryFolder(),
  }
  const upload = async (mode: string) => {
    const server = await runServer({ ...env, MODEL_MODE: mode })
    const ai = new GoogleGenAI({ apiKey: 'any', httpOptions: { baseUrl: `${server.url}/@uploads` } })
    const file = await ai.files.upload({ file: new Blob(['Hello'], { type: 'text/plain' }) })
    await server.close()
    return [file.name, server.lines.filter((line) => line.includes('"/@uploads/upload/')).length]
  }
  expect(await upload('record')).toEqual([FILE.name, 2])
  expect(standIn.calls.map(({ path, headers }) => [path, headers['x-goog-api-key']])).toEqual([
    [expect.stringMatching(/^\/upload\/v1\w*\/files$/), env.GEMINI_API_KEY],
    [expect.stringContaining(`/files?upload_id=${ID}&`), env.GEMINI_API_KEY],
  ])
  await standIn.close()
  expect(await upload('replay')).toEqual([FILE.name, 2])
})

test.each([
  ['https://api.example.com/v1/a?b=1#c', 'http://127.0.0.1:1/@x/api.example.com/v1/a?b=1#c'],
  ['https://cdn.example.com/v1/a', 'https://cdn.example.com/v1/a'],
  ['/v1/a', '/api.example.com/v1/a'],
  ['ftp://api.example.com/a', 'ftp://api.example.com/a'],
  ['http://[', 'http://['],
])('%s leads to %s', (sent, led) => {
  const place = {
    named: 'api.example.com',
    path: '/v1/b',
    here: () => 'http://127.0.0.1:1/@x',
    mayCall: ({ host }: URL) => host === 'api.example.com',
  }
  const headers = [
    ['Location', sent],
    ['operation-location', sent],
    ['x-own', sent],
  ] as const
  expect(ledHere({ status: 202, headers, body: new Uint8Array() }, place).headers).toEqual([
    ['Location', led],
    ['operation-location', led],
    ['x-own', sent],
  ])
})
