/** All that is known of one turn: of a miss, why it is one and what records it. */
import type { ComponentChildren } from 'preact'
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
  const { asked, fixture, action, changes, why, message, code } = turn
  const isThere = fixture !== undefined && action !== 'miss'
  return (
    <>
      {asked !== undefined && (
        <p class="asked">
          <Text text={asked} most={400} />
        </p>
      )}
      {message !== undefined && <Explanation message={message} isMiss={code === 'fixture_miss'} />}
      {why !== undefined && (
        <p>
          <Text text={why} most={2000} />
        </p>
      )}
      {changes !== undefined && (
        <p class="told-change">
          <Text text={changes} most={2000} />
        </p>
      )}
      {isThere && (
        <p class="does">
          <a class="button main" href={addressOf(['fixtures', fixture])}>
            Open the fixture
          </a>
          {action === 'saved' && (
            <a class="button" href={addressOf(['compare', fixture])}>
              Compare with git
            </a>
          )}
        </p>
      )}
      <Facts turn={turn} />
    </>
  )
}

function Explanation({ message, isMiss }: { readonly message: string; readonly isMiss: boolean }) {
  const { text, command } = isMiss ? explained(message) : { text: message, command: undefined }
  return (
    <>
      <p class="told-why">
        <Text text={text} most={8192} />
      </p>
      {command !== undefined && (
        <div class="to-record">
          <p>To record it, run this, and send the call again:</p>
          <pre>
            <code>
              <Text text={command} />
            </code>
          </pre>
          <Copy text={command} label="Copy command" />
        </div>
      )}
    </>
  )
}

function Facts({ turn }: { readonly turn: Seen }) {
  const { endpoint, at, api, host, model, action, fixture, derived, count, unit, chars, tokens, code, id } = turn
  const { name, path } = partsOf(endpoint)
  const told: readonly (readonly [string, ComponentChildren])[] = [
    ['Began', moment(at)],
    ['Endpoint', <Text text={path} most={500} line />],
    ['Client', name && <Text text={`@${name}`} most={100} line />],
    ['Id of the turn', id && <Text text={id} most={200} line />],
    ['API', api && `${api}${host === undefined ? '' : ` at ${host}`}`],
    ['Model', model && <Text text={model} most={200} line />],
    [action === 'miss' ? 'Would be' : 'Fixture', fixture && <Text text={fixture} most={300} line />],
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
          value !== undefined &&
          value !== '' && (
            <div key={what}>
              <dt>{what}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
    </dl>
  )
}
