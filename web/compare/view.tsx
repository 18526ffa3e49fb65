/** Two fixtures, or one and what git has of it, beside each other. */
export function CompareView({ name, other }: { readonly name: string; readonly other?: string | undefined }) {
  return (
    <h1>
      {name} {other}
    </h1>
  )
}
