/** Light or dark: as the system says, unless somebody chose. */
import { signal } from '@preact/signals'

const KEY = 'deltatape.theme'

type Theme = 'light' | 'dark'

const dark = matchMedia('(prefers-color-scheme: dark)')

function chosen(): Theme | undefined {
  try {
    const word = localStorage.getItem(KEY)
    return word === 'light' || word === 'dark' ? word : undefined
  } catch {
    return undefined
  }
}

const ofSystem = (): Theme => (dark.matches ? 'dark' : 'light')

/** The theme that is shown. */
export const theme = signal<Theme>(chosen() ?? ofSystem())

const show = (next: Theme): void => {
  theme.value = next
  document.documentElement.dataset.theme = next
}

show(theme.value)
dark.addEventListener('change', () => show(chosen() ?? ofSystem()))

/** Changes to the other one. What the system says is followed again as soon as it is what is chosen. */
export function changeTheme(): void {
  const next = theme.value === 'dark' ? 'light' : 'dark'
  try {
    if (next === ofSystem()) localStorage.removeItem(KEY)
    else localStorage.setItem(KEY, next)
  } catch {
    // It is shown until this page is left.
  }
  show(next)
}
