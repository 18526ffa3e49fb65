/** Light or dark: as the system says, unless somebody chose. */
import { signal } from '@preact/signals'
import { keep, kept } from './kept.ts'

const KEY = 'deltatape.theme'

type Theme = 'light' | 'dark'

const dark = matchMedia('(prefers-color-scheme: dark)')

const ofSystem = (): Theme => (dark.matches ? 'dark' : 'light')

function chosen(): Theme {
  const word = kept('localStorage', KEY)
  return word === 'light' || word === 'dark' ? word : ofSystem()
}

/** The theme that is shown. */
export const theme = signal(chosen())

const show = (next: Theme): void => {
  theme.value = next
  document.documentElement.dataset.theme = next
}

show(theme.value)
dark.addEventListener('change', () => show(chosen()))

/** Changes to the other one. What the system says is followed again as soon as it is what is chosen. */
export function changeTheme(): void {
  const next = theme.value === 'dark' ? 'light' : 'dark'
  keep('localStorage', KEY, next === ofSystem() ? '' : next)
  show(next)
}
