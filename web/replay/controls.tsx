/** What is chosen for a replay: its pace, and what breaks it. It stands in the address. */
import type { ReadonlySignal } from '@preact/signals'
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

const chooseFault = (fault: Fault | undefined): void => note({ fault: fault && wordsOf(fault) })

interface SelectProps {
  readonly label: string
  /** What is chosen. It is offered, too, if it is none of the choices: addresses may name more. */
  readonly value: string
  readonly choices: readonly (readonly [value: string, label: string])[]
  readonly onChange: (value: string) => void
}

const Select = ({ label, value, choices, onChange }: SelectProps) => (
  <label class="field">
    {label}
    <select class="select" value={value} onChange={(event) => onChange(event.currentTarget.value)}>
      {[...new Map([[value, value], ...choices])].map(([each, says]) => (
        <option key={each} value={each}>
          {says}
        </option>
      ))}
    </select>
  </label>
)

export const PaceSelect = () => (
  <Select
    label="Pace"
    value={chosen().pace}
    choices={PACES.map((pace) => [pace, pace])}
    onChange={(pace) => note({ pace: pace === 'recorded' ? undefined : pace })}
  />
)

interface FaultProps {
  readonly view: View
  readonly head: ReadonlySignal<number>
}

export function FaultChoice({ view, head }: FaultProps) {
  const { fault: words } = chosen()
  const fault = faultIn(words)
  const choose = (value: string): void => {
    const kind = FAULT_KINDS.find((each) => each.kind === value)
    chooseFault(kind && faultOf(kind, fault?.after))
  }
  return (
    <>
      <Select
        label="Fault"
        value={fault?.kind.kind ?? words}
        choices={[['', 'none'], ...FAULT_KINDS.map(({ kind, label }) => [kind, `${kind}: ${label}`] as const)]}
        onChange={choose}
      />
      {fault && <Numbers {...fault} />}
      <BreakHere view={view} head={head} fault={fault} />
    </>
  )
}

const Numbers = ({ kind, after, amount }: Fault) => (
  <>
    {kind.amount && (
      <NumberField
        label={kind.amount.unit || 'status'}
        value={amount}
        onChange={(value) => chooseFault(faultOf(kind, after, value))}
      />
    )}
    {kind.isPlaced && (
      <NumberField label="after events" value={after} onChange={(value) => chooseFault(faultOf(kind, value, amount))} />
    )}
  </>
)

interface NumberProps {
  readonly label: string
  readonly value: number
  readonly onChange: (value: number) => void
}

const NumberField = ({ label, value, onChange }: NumberProps) => (
  <label class="field">
    {label}
    <input
      class="input number"
      type="number"
      required
      min={0}
      max={999_999_999}
      value={value}
      onChange={({ currentTarget }) => currentTarget.reportValidity() && onChange(currentTarget.valueAsNumber)}
    />
  </label>
)

/** Takes the place of the fault from the play head: after the events that it has passed. */
function BreakHere({ view, head, fault }: FaultProps & { readonly fault: Fault | undefined }) {
  const events = useMemo(() => eventsOf(view), [view])
  const passed = eventsBefore(events, head.value)
  const kind = fault?.kind.isPlaced ? fault.kind : FAULT_KINDS.find((each) => each.kind === 'reset')
  if (!kind) return null
  return (
    <button
      type="button"
      class="button"
      onClick={() => chooseFault(faultOf(kind, passed, fault?.kind === kind ? fault.amount : undefined))}
    >
      <Icon name="cut" />
      Break here: after {counted(passed, 'event')}
    </button>
  )
}
