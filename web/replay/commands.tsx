/** How the same fault is asked for elsewhere: its words, and commands that ask for it. */
import { Copy } from '../parts/copy.tsx'
import { Text } from '../parts/text.tsx'
import { token } from '../app/token.ts'

export function FaultCommands({ fault }: { readonly fault: string }) {
  const word = forShell(fault)
  const withToken = Object.keys(token.headers()).length > 0 ? ' -H "x-deltatape-token: $AUTH_TOKEN"' : ''
  const lines = [
    ['Every answer of a server', `FAULT=${word} npx deltatape serve`, 'the command for a server'],
    [
      'The answers to a client that names itself',
      `curl -X PUT ${location.origin}/@name/fault${withToken} -d ${word}`,
      'the command for a client',
    ],
  ] as const
  return (
    <div class="asked">
      <span class="words-of">
        <code>
          <Text text={fault} line />
        </code>
        <Copy text={fault} what="the fault" />
      </span>
      <details class="elsewhere">
        <summary>The same fault elsewhere</summary>
        <dl>
          {lines.map(([what, text, copied]) => (
            <div key={what}>
              <dt>{what}</dt>
              <dd>
                <code>
                  <Text text={text} line />
                </code>
                <Copy text={text} what={copied} />
              </dd>
            </div>
          ))}
        </dl>
      </details>
    </div>
  )
}

/** A word as a shell takes it. */
const forShell = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
