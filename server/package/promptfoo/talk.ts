/** One conversation with a chat endpoint, as promptfoo sees it. */
import { type Answer, type Context, onFrame } from './frames.ts'

/** The WebSocket of the platform, whatever is put in its place later. */
const { WebSocket: WebWebSocket } = globalThis

/** What a turn of the chat is asked with. */
export type Input = string | readonly unknown[]

/**
 * Asks turns, one after another, each continuing the one before. Gives what becomes of the last, or of the first that
 * failed.
 *
 * @param url of the endpoint
 * @throws Error if there is nobody; the signal's reason if it is aborted
 */
export async function talk(
  url: string,
  inputs: readonly Input[],
  { signal, context }: { readonly signal?: AbortSignal | undefined; readonly context: Context },
): Promise<Answer> {
  signal?.throwIfAborted()
  const socket = new WebWebSocket(url)
  const leave = () => socket.close()
  signal?.addEventListener('abort', leave, { once: true })
  try {
    let answer: Answer = {}
    for (const input of inputs) {
      const startedAt = performance.now()
      const told = { test: { ...context.test, metadata: { ...context.test?.metadata, startedAt } } }
      answer = await ask(socket, { input, previous_response_id: answer.metadata?.responseId }, told)
      if (answer.error !== undefined || answer.metadata?.code !== undefined) break
    }
    signal?.throwIfAborted()
    return answer
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  } finally {
    signal?.removeEventListener('abort', leave)
    socket.close()
  }
}

/** Asks one turn, on a connection that has opened or will. */
function ask(socket: WebSocket, question: object, context: Context): Promise<Answer> {
  const over = new AbortController()
  const { signal } = over
  return new Promise<Answer>((resolve, reject) => {
    let soFar: Answer = {}
    const send = () => socket.send(JSON.stringify(question))
    socket.addEventListener(
      'message',
      ({ data }) => {
        const [next, isLast] = onFrame(soFar, { data }, context)
        soFar = next
        if (isLast) resolve(soFar)
      },
      { signal },
    )
    const gone = () => resolve({ error: 'The connection was closed before the answer was over.' })
    socket.addEventListener('close', gone, { signal })
    socket.addEventListener('error', () => reject(new Error(`There is no chat at ${socket.url}.`)), { signal })
    if (socket.readyState === WebWebSocket.OPEN) send()
    else if (socket.readyState === WebWebSocket.CONNECTING) socket.addEventListener('open', send, { signal })
    else gone()
  }).finally(() => over.abort())
}
