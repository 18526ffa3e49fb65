/** What is shown until there is a turn: how a client is pointed here. */
import { Copy } from '../parts/copy.tsx'
import type { Standing } from './connection.ts'

export function Empty({ standing }: { readonly standing: Standing }) {
  if (standing !== 'connected') return <p class="sentence late">Waiting for the server…</p>
  const { origin, host } = location
  const ways = [
    ['A program that takes a base URL', `OPENAI_BASE_URL=${origin}/v1`],
    ['The same under a name of its own', `OPENAI_BASE_URL=${origin}/@checkout/v1`],
    ['A client of the chat', `${origin.replace('http', 'ws')}/ws-stream`],
  ] as const
  return (
    <div class="sentence live-empty">
      <h2>No turns yet</h2>
      <p>Point a client at {host}, and each of its calls stands here as it happens.</p>
      <dl>
        {ways.map(([what, text]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd class="card">
              <code>{text}</code> <Copy text={text} what={what} />
            </dd>
          </div>
        ))}
      </dl>
    </div>
  )
}
