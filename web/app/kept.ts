/** What a browser keeps of this page. Where it keeps nothing, as for some files, all holds until the page is left. */

type Where = 'localStorage' | 'sessionStorage'

export function kept(where: Where, key: string): string | undefined {
  try {
    return window[where].getItem(key) ?? undefined
  } catch {
    return undefined
  }
}

export function keep(where: Where, key: string, value: string): void {
  try {
    window[where].setItem(key, value)
  } catch {
    // It holds until this page is left.
  }
}
