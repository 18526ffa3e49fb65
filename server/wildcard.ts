/** Names with wildcards. */

/** The pattern for a name, whole and in this case, in which `*` stands for anything. */
export function patternOf(name: string): RegExp {
  const parts = name.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`))
  return new RegExp(`^${parts.join('.*')}$`, 's')
}
