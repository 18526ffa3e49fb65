/** The dialog that tells what all keys do, and lets single characters be switched off. */
import { useEffect, useRef } from 'preact/hooks'
import { Icon } from '../parts/icons.tsx'
import { onKeys } from '../parts/key.ts'
import { type Keys, isTelling, letters, rings, setLetters } from './keys.ts'

export function KeysDialog() {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog
      ref={dialog}
      class="dialog card"
      aria-labelledby="keys-title"
      onClose={() => (isTelling.value = false)}
      onClick={(event) => event.target === dialog.current && dialog.current?.close()}
    >
      <div class="dialog-in">
        <header>
          <h2 id="keys-title">Keys</h2>
          <button type="button" class="button bare" aria-label="Close" onClick={() => dialog.current?.close()}>
            <Icon name="close" />
          </button>
        </header>
        {rings.value.toReversed().map(({ where, keys }) => (
          <section key={where}>
            <h3>{where}</h3>
            <dl>
              {bySaying(keys).map(([says, names]) => (
                <div key={says}>
                  <dt>
                    {names.map((name) => (
                      <Pressed key={name} name={name} />
                    ))}
                  </dt>
                  <dd>{says}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
        <label class="check">
          <input
            type="checkbox"
            checked={letters.value}
            onChange={(event) => setLetters(event.currentTarget.checked)}
          />
          Single letters, digits and signs act as keys
        </label>
      </div>
    </dialog>
  )
}

const Pressed = ({ name }: { readonly name: string }) => (
  <span class="pressed">
    {onKeys(name).map((key) => (
      <kbd key={key}>{key}</kbd>
    ))}
  </span>
)

const bySaying = (keys: Keys) => [...Map.groupBy(Object.keys(keys), (name) => keys[name]?.[0])]
