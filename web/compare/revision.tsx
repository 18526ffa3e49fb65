/** Which version git is asked for. */
import { useRef } from 'preact/hooks'
import { addressOf, goTo } from '../app/address.ts'

export function Revision({ name, revision }: { readonly name: string; readonly revision: string }) {
  const input = useRef<HTMLInputElement>(null)
  const show = (event: Event): void => {
    event.preventDefault()
    goTo(addressOf(['compare', name], { revision: input.current?.value.trim() }))
  }
  return (
    <form class="revision" onSubmit={show}>
      <label>
        as git has it in{' '}
        <input
          key={revision}
          ref={input}
          class="input"
          defaultValue={revision}
          required
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
        />
      </label>
      <button type="submit" class="button">
        Show
      </button>
    </form>
  )
}
