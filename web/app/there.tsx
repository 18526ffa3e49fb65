/** What is shown of data that is asked for: itself, that it is on its way, or a sentence about why it does not come. */
import type { ReadonlySignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { Icon } from '../parts/icons.tsx'
import { Text } from '../parts/text.tsx'
import { addressOf } from './address.ts'
import { type Loaded, askAgain } from './loaded.ts'
import { RefusedError } from './source.ts'
import { token } from './token.ts'

interface Props<T> {
  readonly loaded: ReadonlySignal<Loaded<T>>
  /** What is asked for, in words: `the fixture`. */
  readonly what: string
  readonly children: (data: T) => ComponentChildren
}

export function There<T>({ loaded, what, children }: Props<T>) {
  const now = loaded.value
  if (now.state === 'there') return <>{children(now.data)}</>
  if (now.state === 'refused') return <Refused error={now.error} />
  return <p class="sentence late">Reading {what}…</p>
}

/** Why something does not come, and what can be done. */
export function Refused({ error }: { readonly error: Error }) {
  if (!(error instanceof RefusedError)) {
    return (
      <Sentence title="The server does not answer" text="Start it, and try again.">
        <Again />
      </Sentence>
    )
  }
  if (error.status === 401) return <TokenForm />
  return (
    <Sentence title={TITLES[error.status] ?? 'This cannot be shown'} text={error.message}>
      {error.status >= 500 && <Again />}
      <a class="button" href={addressOf(['fixtures'])}>
        All fixtures
      </a>
    </Sentence>
  )
}

const TITLES: Readonly<Record<number, string>> = {
  404: 'There is no such thing',
  413: 'This is too large to be shown',
}

export const Again = () => (
  <button type="button" class="button main" onClick={askAgain}>
    Try again
  </button>
)

interface SentenceProps {
  readonly title: string
  readonly text: string
  /** What the title is: of the whole view, if nothing is said. */
  readonly heading?: 'h1' | 'h2'
  readonly children?: ComponentChildren
}

/** A title, a sentence, and what can be done. */
export const Sentence = ({ title, text, heading: Heading = 'h1', children }: SentenceProps) => (
  <div class="sentence" role="alert">
    <Heading>
      <Icon name="info" /> {title}
    </Heading>
    <p>
      <Text text={text} most={2000} />
    </p>
    <div class="does">{children}</div>
  </div>
)

function TokenForm() {
  const input = useRef<HTMLInputElement>(null)
  const wasWrong = token.isKnown()
  useEffect(() => input.current?.focus(), [])
  const send = (event: Event): void => {
    event.preventDefault()
    token.set(input.current?.value ?? '')
    askAgain()
  }
  return (
    <Sentence
      title={wasWrong ? 'That is not the token of this server' : 'This server asks for a token'}
      text="It is the value of its variable AUTH_TOKEN. It is kept for this tab alone."
    >
      <form onSubmit={send}>
        <label class="field">
          Token
          <input ref={input} class="input" type="password" autocomplete="off" spellcheck={false} required />
        </label>
        <button type="submit" class="button main">
          Go on
        </button>
      </form>
    </Sentence>
  )
}
