/** The rules as a list: of each whether it holds, by icon and word, and what was seen. */
import { Icon, type IconName } from '../parts/icons.tsx'
import type { Facts } from './facts.ts'
import { CALL_RULES, CHAT_RULES, type Verdict, verdictOf } from './rules.ts'

const LOOKS: Readonly<Record<Verdict['state'], readonly [IconName, string, string]>> = {
  pending: ['clock', '', 'pending'],
  holds: ['check', 'good', 'holds'],
  broken: ['warning', 'bad', 'broken'],
  unchecked: ['half', 'muted', 'not checked'],
}

export function Verdicts({ facts }: { readonly facts: Facts }) {
  const rules = facts.heard.expected.unit === 'frame' ? CHAT_RULES : CALL_RULES
  return (
    <section class="verdicts" aria-label="What always holds">
      <h3>What always holds</h3>
      <ol>
        {rules.map((rule) => (
          <Row key={rule[0]} title={rule[0]} verdict={verdictOf(rule, facts)} />
        ))}
      </ol>
    </section>
  )
}

function Row({ title, verdict: { state, seen } }: { readonly title: string; readonly verdict: Verdict }) {
  const [icon, tone, word] = LOOKS[state]
  return (
    <li data-state={state}>
      <span class={`ending ${tone}`}>
        <Icon name={icon} />
        {word}
      </span>
      <span class="rule">
        {title}
        {seen !== '' && <span class="seen">{seen}</span>}
      </span>
    </li>
  )
}
