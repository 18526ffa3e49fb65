/** In the handlers of msw, which takes whatever is sent while it answers a call for what that call has sent. */
import { HttpResponse, http } from 'msw'
import { setupServer } from 'msw/node'
import { expect, onTestFinished, test } from 'vitest'
import { makeHttp, open, startCatcher, textOf, turnOfTheLoop, whole, withKey } from './network.ts'

test("what is sent from within a handler is nobody else's", async () => {
  const catcher = await startCatcher()
  const send = makeHttp(catcher.baseURL)
  const asked: string[] = []
  const mocks = setupServer(
    http.all('*', async ({ request }) => {
      asked.push(request.url)
      return asked.length > 3 ? HttpResponse.error() : HttpResponse.text(await textOf(await send(withKey(), open())))
    }),
  )
  mocks.listen()
  onTestFinished(() => mocks.close())
  for (const said of ['first', 'on the same connection']) {
    const coming = fetch('https://api.openai.com/v1/responses', { method: 'POST', body: '{}' })
    const { answer } = await catcher.next()
    answer(whole(said))
    expect(await (await coming).text()).toBe(said)
    await turnOfTheLoop()
  }
  expect(asked).toEqual(Array(2).fill('https://api.openai.com/v1/responses'))
  expect(catcher.connections).toBe(1)
})
