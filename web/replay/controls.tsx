/** What is chosen for a replay: its pace, and what breaks it. It stands in the address. */
import type { ReadonlySignal } from '@preact/signals'
import { useComputed } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import type { View } from '../../server/serve/page/data.ts'
import { address, note } from '../app/address.ts'
import { counted } from '../parts/format.ts'
import { Icon } from '../parts/icons.tsx'
import { FAULT_KINDS, type Fault, eventsBefore, eventsOf, faultIn, faultOf, wordsOf } from './faults.ts'
import { PACES, paceIn } from './pace.ts'

/** The longest words of a fault that the server takes. */
const MAX_WORDS = 1024

/** The pace and the fault that stand in the address. */
export const chosen = (): { readonly pace: string; readonly fault: string } => ({
  pace: paceIn(address.value.query.get('pace')),
  fault: (address.value.query.get('fault') ?? '').slice(0, MAX_WORDS),
})

const choosePace = (pace: string): void => note({ pace: pace === 'recorded' ? undefined : pace })
const chooseFault = (fault: string): void => note({ fault: fault || undefined })

export function PaceSelect({ disabled }: { readonly disabled: boolean }) {
  const { pace } = chosen()
  const isListed = PACES.some(([word]) => word === pace)
  return (
    <label class="field">
      Pace
      <select
        class="select"
        value={pace}
        disabled={disabled}
        onChange={(event) => choosePace(event.currentTarget.value)}
      >
        {PACES.map(([word, label]) => (
          <option key={word} value={word}>
            {label}
          </option>
        ))}
        {!isListed && <option value={pace}>{pace}</option>}
      </select>
    </label>
  )
}

/** What is chosen where nothing of the menu is: words of one's own. */
const OWN = 'own'

/** What such words may be, to begin with. */
const OWN_WORDS = 'delay:200ms@3,reset@7'

interface FaultProps {
  readonly view: View
  readonly head: ReadonlySignal<number>
  readonly disabled: boolean
}

export function FaultChoice({ view, head, disabled }: FaultProps) {
  const { fault: words } = chosen()
  const fault = faultIn(words)
  const choose = (kind: string): void => {
    const of = FAULT_KINDS.find((each) => each.kind === kind)
    if (of) chooseFault(wordsOf(faultOf(of, fault?.after ?? 0)))
    else chooseFault(kind === OWN ? OWN_WORDS : '')
  }
  return (
    <>
      <label class="field">
        Fault
        <select
          class="select"
          value={words === '' ? '' : (fault?.kind.kind ?? OWN)}
          disabled={disabled}
          onChange={(event) => choose(event.currentTarget.value)}
        >
          <option value="">none</option>
          {FAULT_KINDS.map(({ kind, label }) => (
            <option key={kind} value={kind}>
              {label}
            </option>
          ))}
          <option value={OWN}>in words of your own</option>
        </select>
      </label>
      {fault ? (
        <Numbers fault={fault} disabled={disabled} />
      ) : (
        words !== '' && (
          <label class="field">
            Words
            <input
              class="input own-words"
              value={words}
              maxLength={MAX_WORDS}
              disabled={disabled}
              spellcheck={false}
              onChange={(event) => chooseFault(event.currentTarget.value.trim())}
            />
          </label>
        )
      )}
      <BreakHere view={view} head={head} fault={fault} disabled={disabled} />
    </>
  )
}

function Numbers({ fault, disabled }: { readonly fault: Fault; readonly disabled: boolean }) {
  const { kind, after, amount } = fault
  return (
    <>
      {kind.amount && (
        <NumberField
          label={kind.amount.label}
          value={amount}
          disabled={disabled}
          onChange={(value) => chooseFault(wordsOf(faultOf(kind, after, value)))}
        />
      )}
      {kind.isPlaced && (
        <NumberField
          label="after events"
          value={after}
          disabled={disabled}
          onChange={(value) => chooseFault(wordsOf(faultOf(kind, value, amount)))}
        />
      )}
    </>
  )
}

interface NumberProps {
  readonly label: string
  readonly value: number
  readonly disabled: boolean
  readonly onChange: (value: number) => void
}

const MAX_NUMBER = 999_999_999

const NumberField = ({ label, value, disabled, onChange }: NumberProps) => (
  <label class="field">
    {label}
    <input
      class="input number"
      type="number"
      min={0}
      max={MAX_NUMBER}
      step={1}
      value={value}
      disabled={disabled}
      onChange={({ currentTarget }) => {
        const next = currentTarget.valueAsNumber
        if (Number.isInteger(next) && next >= 0 && next <= MAX_NUMBER) onChange(next)
        else currentTarget.value = String(value)
      }}
    />
  </label>
)

/** Takes the place of the fault from the play head: after the events that it has passed. */
function BreakHere({ view, head, fault, disabled }: FaultProps & { readonly fault: Fault | undefined }) {
  const events = useMemo(() => eventsOf(view), [view])
  const passed = useComputed(() => eventsBefore(events, head.value))
  const kind = fault?.kind.isPlaced ? fault.kind : FAULT_KINDS.find(({ kind: each }) => each === 'reset')
  if (!kind) return null
  return (
    <button
      type="button"
      class="button"
      disabled={disabled}
      onClick={() => chooseFault(wordsOf(faultOf(kind, passed.value, fault?.kind === kind ? fault.amount : undefined)))}
    >
      <Icon name="cut" />
      <span>Break here: after {counted(passed.value, 'event')}</span>
    </button>
  )
}
