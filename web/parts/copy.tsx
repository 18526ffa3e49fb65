/** A button that copies a text. Where the browser gives no clipboard, it shows the text, chosen, to be copied by hand. */
import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { Icon } from './icons.tsx'

interface Props {
  /** What is copied; a function is asked when it is needed. */
  readonly text: string | (() => string)
  /** What the button says; `Copy` if nothing. */
  readonly label?: string
  /** What is copied, in words, for those who hear the button alone: `the request`. */
  readonly what?: string
}

/** How long it says so, in ms. */
const SAID_MS = 1600

export function Copy({ text, label = 'Copy', what }: Props) {
  const said = useSignal(false)
  const byHand = useSignal<string | undefined>(undefined)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])

  const copy = async (): Promise<void> => {
    const all = typeof text === 'string' ? text : text()
    try {
      await navigator.clipboard.writeText(all)
      said.value = true
      clearTimeout(timer.current)
      timer.current = setTimeout(() => (said.value = false), SAID_MS)
    } catch {
      byHand.value = all
    }
  }
  return (
    <span class="copy">
      <button type="button" class="button" onClick={copy} aria-label={what && `${label} ${what}`}>
        <Icon name="copy" />
        {label}
        {said.value && (
          <span class="copied" aria-hidden="true">
            <Icon name="check" /> Copied
          </span>
        )}
      </button>
      <span class="unseen" role="status">
        {said.value ? 'Copied' : ''}
      </span>
      {byHand.value !== undefined && <ByHand text={byHand.value} onLeave={() => (byHand.value = undefined)} />}
    </span>
  )
}

function ByHand({ text, onLeave }: { readonly text: string; readonly onLeave: () => void }) {
  const area = useRef<HTMLTextAreaElement>(null)
  useEffect(() => area.current?.select(), [])
  return (
    <span class="by-hand card">
      <label>
        This browser gives no clipboard here. Press Ctrl+C or ⌘C.
        <textarea
          ref={area}
          readOnly
          value={text}
          rows={4}
          spellcheck={false}
          onBlur={onLeave}
          onKeyDown={(event) => event.key === 'Escape' && onLeave()}
        />
      </label>
    </span>
  )
}
