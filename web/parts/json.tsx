/** JSON in colours, as text: a record, a frame, a request. What is no JSON is plain text. */
import { useMemo } from 'preact/hooks'
import { Runs, Text } from './text.tsx'
import { type Token, tokensOf } from './tokens.ts'

export function Json({ text }: { readonly text: string }) {
  const tokens = useMemo(() => tokensOf(text), [text])
  return (
    <pre class="json">
      {tokens === undefined ? <Text text={text} /> : tokens.map((token, index) => <Piece key={index} token={token} />)}
    </pre>
  )
}

const Piece = ({ token: { kind, text } }: { readonly token: Token }) =>
  kind === 'other' ? (
    <>{text}</>
  ) : (
    <bdi class={kind}>
      <Runs text={text} />
    </bdi>
  )
