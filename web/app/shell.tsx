/** What stands around every view: where one is, where one can go, what keys do, light or dark. */
import { useEffect, useRef } from 'preact/hooks'
import { FixtureView } from '../fixture/view.tsx'
import { Icon } from '../parts/icons.tsx'
import { address, addressOf } from './address.ts'
import { KeysDialog } from './keys-dialog.tsx'
import { isTelling } from './keys.ts'
import { RefusedError, exported } from './source.ts'
import { changeTheme, theme } from './theme.ts'
import { Refused } from './there.tsx'
import { titleOf } from './title.ts'
import { viewAt } from './views.tsx'

const LINKS = [
  ['Fixtures', 'fixtures'],
  ['Live', 'live'],
] as const

export function Shell() {
  const main = useRef<HTMLElement>(null)
  const path = exported ? ['fixtures', exported.view.name] : address.value.path
  useArrival(main, path)
  return (
    <>
      <header class="top">
        <button type="button" class="skip button" onClick={() => arriveIn(main.current)}>
          Skip to the content
        </button>
        <Brand />
        {exported ? null : <Links now={path[0] ?? 'fixtures'} />}
        <div class="ends">
          <button type="button" class="button bare" title="Keys" onClick={() => (isTelling.value = true)}>
            <Icon name="keyboard" />
          </button>
          <button
            type="button"
            class="button bare"
            title="Dark theme"
            aria-pressed={theme.value === 'dark'}
            onClick={changeTheme}
          >
            <Icon name={theme.value === 'dark' ? 'moon' : 'sun'} />
          </button>
        </div>
      </header>
      <main ref={main} tabIndex={-1}>
        {exported ? <FixtureView name={exported.view.name} /> : (viewAt(address.value) ?? <Refused error={NOWHERE} />)}
      </main>
      {isTelling.value && <KeysDialog />}
    </>
  )
}

function Brand() {
  const mark = (
    <svg class="brand-mark" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
      <path d="M1 7h2.5v6H1zM5.5 3H8v14H5.5zM10 5h2.5v10H10zM14.5 1H17v18h-2.5z" fill="currentColor" />
    </svg>
  )
  if (exported) return <span class="brand">{mark}deltatape</span>
  return (
    <a class="brand" href={addressOf(['fixtures'])}>
      {mark}deltatape
    </a>
  )
}

const Links = ({ now }: { readonly now: string }) => (
  <nav aria-label="Views">
    {LINKS.map(([text, part]) => (
      <a key={part} href={addressOf([part])} aria-current={now === part ? 'page' : undefined}>
        {text}
      </a>
    ))}
  </nav>
)

const NOWHERE = new RefusedError(404, 'The address leads nowhere on this page.')

/** Names the document after the view; whoever comes from another view begins at the heading of this one. */
function useArrival(main: { readonly current: HTMLElement | null }, path: readonly string[]): void {
  const before = useRef(path.join('/'))
  const now = path.join('/')
  useEffect(() => {
    document.title = titleOf(path)
    if (before.current !== now) arriveIn(main.current)
    before.current = now
  }, [now])
}

function arriveIn(main: HTMLElement | null): void {
  const heading = main?.querySelector('h1')
  heading?.setAttribute('tabindex', '-1')
  ;(heading ?? main)?.focus({ preventScroll: true })
}
