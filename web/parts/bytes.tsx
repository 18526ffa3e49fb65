/** What was on the wire: text as text, bytes as a dump of how they begin. */
import { number } from './format.ts'
import { Text } from './text.tsx'
import { DUMPED, dump } from './wire.ts'

interface Props {
  readonly wire: string | Uint8Array
  /** How many bytes there are, if these are but the beginning. */
  readonly all?: number
}

export function Bytes({ wire, all = wire.length }: Props) {
  if (typeof wire === 'string')
    return (
      <pre class="json wire">
        <Text text={wire} />
      </pre>
    )
  return (
    <pre class="json dump">
      {dump(wire)}
      {all > DUMPED && <span class="more">{`\n… ${number(all - DUMPED)} bytes more`}</span>}
    </pre>
  )
}
