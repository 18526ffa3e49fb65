/** What stands around every view: where one is, where one can go, light or dark. */
import { address, addressOf } from './address.ts'
import { exported } from './source.ts'
import { changeTheme, theme } from './theme.ts'
import { viewAt } from './views.tsx'
import { FixtureView } from '../fixture/view.tsx'

const LINKS = [
  ['Fixtures', 'fixtures'],
  ['Live', 'live'],
] as const

export function Shell() {
  const { path } = address.value
  const view = exported ? <FixtureView name={exported.view.name} /> : viewAt(address.value)
  return (
    <>
      <header class="top">
        <a class="brand" href={addressOf(['fixtures'])}>
          deltatape
        </a>
        <nav aria-label="Views">
          {exported
            ? null
            : LINKS.map(([text, part]) => (
                <a
                  key={part}
                  href={addressOf([part])}
                  aria-current={(path[0] ?? 'fixtures') === part ? 'page' : undefined}
                >
                  {text}
                </a>
              ))}
        </nav>
        <button
          type="button"
          class="theme"
          onClick={changeTheme}
          aria-label={theme.value === 'dark' ? 'Light' : 'Dark'}
        />
      </header>
      <main>{view ?? <p class="nothing">There is no such view. Begin at the list of fixtures.</p>}</main>
    </>
  )
}
