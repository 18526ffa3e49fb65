/** Whether the address of an API is one of a deltatape. */
import { expect, test } from 'vitest'
import { refuseNested } from '../../../server/command/run/nested.ts'
import { runServer, runStandIn, temporaryFolder } from '../../kit/tools.ts'

test('a deltatape of this machine is found behind any variable, and a name', async () => {
  const { url } = await runServer({ FIXTURES_DIR: await temporaryFolder() })
  const baseURL = 'https://api.openai.com/v1'
  await expect(refuseNested({ baseURL: `${url}/@app/v1`, baseURLs: {} })).rejects.toMatchObject({
    code: 'config_invalid',
    message: expect.stringMatching(
      /^OPENAI_BASE_URL=http:\/\/127\.0\.0\.1:\d+\/@app\/v1 is a deltatape itself \(.* replay\)/,
    ),
  })
  await expect(refuseNested({ baseURL, baseURLs: { GROQ_BASE_URL: url } })).rejects.toThrow(/^GROQ_BASE_URL=/)
})

test('an API of this machine is none, and is asked nothing; nobody is none, too', async () => {
  const standIn = await runStandIn(() => ({ body: '{}' }))
  await refuseNested({
    baseURL: standIn.url,
    baseURLs: { OLLAMA_HOST: 'http://127.0.0.1:9', CO_API_URL: 'http://[::1]:9' },
  })
  expect(standIn.calls).toEqual([])
})
