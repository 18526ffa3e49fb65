/** All that is known of one turn: of a miss, why it is one and what records it. */
import { addressOf, note } from '../app/address.ts'
import { Copy } from '../parts/copy.tsx'
import { bytes, counted, duration, moment, number } from '../parts/format.ts'
import { Icon } from '../parts/icons.tsx'
import { Text } from '../parts/text.tsx'
import { explained } from './outcome.ts'
import { OutcomeWord } from './row.tsx'
import { type Seen, partsOf } from './turns.ts'

export function Detail({ turn, n }: { readonly turn: Seen | undefined; readonly n: number }) {
  return (
    <section class="card live-detail" aria-label={`Turn ${n}`}>
      <header class="card-head">
        <h2>Turn {number(n)}</h2>
        {turn && <OutcomeWord turn={turn} />}
        <span class="tools">
          <button type="button" class="button bare" aria-label="Close" onClick={() => note({ turn: undefined })}>
            <Icon name="close" />
          </button>
        </span>
      </header>
      <div class="scrolls" tabIndex={0} role="group" aria-label="What is known of it">
        {turn ? <Known turn={turn} /> : <p>The server does not tell of this turn any more.</p>}
      </div>
    </section>
  )
}

function Known({ turn }: { readonly turn: Seen }) {
  const { asked, fixture, action, changes, why, message = '', code } = turn
  const { text, command } = code === 'fixture_miss' ? explained(message) : { text: message, command: undefined }
  return (
    <>
      <Told text={asked} class="asked" />
      <Told text={text} class="told-why" />
      {command !== undefined && (
        <div class="to-record">
          <p>To record it, run this, and send the call again:</p>
          <pre>
            <Text text={command} />
          </pre>
          <Copy text={command} label="Copy command" />
        </div>
      )}
      <Told text={why} />
      <Told text={changes} />
      {fixture !== undefined && action !== 'miss' && (
        <p class="does">
          <a class="button main" href={addressOf(['fixtures', fixture])}>
            Open the fixture
          </a>
        </p>
      )}
      <Facts turn={turn} />
    </>
  )
}

/** A paragraph, if there is anything to say. */
const Told = ({ text, class: name }: { readonly text: string | undefined; readonly class?: string }) =>
  text ? (
    <p class={name}>
      <Text text={text} most={8192} />
    </p>
  ) : null

function Facts({ turn }: { readonly turn: Seen }) {
  const { endpoint, at, api, host, model, action, fixture, derived, count, unit, chars, tokens, code, id } = turn
  const { name, path } = partsOf(endpoint)
  const told: readonly (readonly [what: string, value: string | undefined])[] = [
    ['Began', moment(at)],
    ['Endpoint', path],
    ['Client', name && `@${name}`],
    ['Id of the turn', id],
    ['API', api && (host === undefined ? api : `${api} at ${host}`)],
    ['Model', model],
    [action === 'miss' ? 'Would be' : 'Fixture', fixture],
    ['Derived from', derived && `the ${derived}`],
    ['Code', code],
    ['Got', `${counted(count, unit ?? 'piece')}, ${bytes(turn.bytes)}`],
    ['Text', chars === undefined ? undefined : counted(chars, 'character')],
    ['Tokens', tokens && `${number(tokens.input)} in, ${number(tokens.output)} out`],
    ['First', turn.firstMs === undefined ? undefined : duration(turn.firstMs)],
    ['Took', turn.open ? undefined : duration(turn.ms)],
  ]
  return (
    <dl>
      {told.map(
        ([what, value]) =>
          value && (
            <div key={what}>
              <dt>{what}</dt>
              <dd>
                <Text text={value} most={500} line />
              </dd>
            </div>
          ),
      )}
    </dl>
  )
}
