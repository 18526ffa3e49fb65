/** Answers as the API streams them, composed event by event. */
import type { Step } from './standin.ts'

type Json = Readonly<Record<string, unknown>>

export interface Composer {
  /** A message of text parts, each cut into the given deltas. */
  text(...parts: readonly (readonly string[])[]): this
  refusal(deltas: readonly string[]): this
  /** A reasoning item with one summary. */
  reasoning(deltas: readonly string[]): this
  call(name: string, args: readonly string[]): this
  completed(): Json[]
  incomplete(reason: string): Json[]
  failed(code: string, message: string): Json[]
  /** An `error` event, and the `response.failed` that follows it. */
  error(code: string, message: string): Json[]
  /** Breaks off after the last delta, as if the rest had not come. */
  cut(): this
  /** The events so far. */
  readonly events: readonly Json[]
}

/** A fixed time, in s: what is recorded anew must not differ by the clock. */
const CREATED_AT = 1_795_000_000

/**
 * Begins an answer.
 *
 * @param seed what the ids are made of: another seed, other ids
 */
export function compose(seed: string, model = 'gpt-4.1-mini'): Composer {
  const events: Json[] = []
  const output: Json[] = []
  const add = (type: string, members: Json) => events.push({ type, sequence_number: events.length, ...members })
  const response = (status: string, more: Json = {}): Json => ({
    id: `resp_${seed}`,
    object: 'response',
    created_at: CREATED_AT,
    status,
    error: null,
    incomplete_details: null,
    model: `${model}-2025-04-14`,
    output: status === 'in_progress' ? [] : output,
    usage: null,
    ...more,
  })
  const usage = () => {
    const deltas = events.filter(({ type }) => String(type).endsWith('.delta')).length
    return { input_tokens: 16, output_tokens: deltas, total_tokens: 16 + deltas }
  }
  /** An item, opened and closed around what it holds. */
  const item = (opened: Json, fill: (place: Json) => Json) => {
    const output_index = output.length
    const item_id = String(opened.id)
    add('response.output_item.added', { output_index, item: { ...opened, status: 'in_progress' } })
    const closed = { ...opened, ...fill({ item_id, output_index }), status: 'completed' }
    add('response.output_item.done', { output_index, item: closed })
    output.push(closed)
  }
  const message = (parts: readonly ((place: Json) => Json)[]) =>
    item({ id: `msg_${seed}_${output.length}`, type: 'message', role: 'assistant', content: [] }, (place) => ({
      content: parts.map((part, content_index) => part({ ...place, content_index })),
    }))

  add('response.created', { response: response('in_progress') })
  add('response.in_progress', { response: response('in_progress') })

  const composer: Composer = {
    text(...parts) {
      message(
        parts.map((deltas) => (place) => {
          const part = { type: 'output_text', annotations: [], logprobs: [], text: '' }
          const text = deltas.join('')
          add('response.content_part.added', { ...place, part })
          for (const delta of deltas) add('response.output_text.delta', { ...place, delta, logprobs: [] })
          add('response.output_text.done', { ...place, text, logprobs: [] })
          add('response.content_part.done', { ...place, part: { ...part, text } })
          return { ...part, text }
        }),
      )
      return composer
    },
    refusal(deltas) {
      message([
        (place) => {
          const refusal = deltas.join('')
          add('response.content_part.added', { ...place, part: { type: 'refusal', refusal: '' } })
          for (const delta of deltas) add('response.refusal.delta', { ...place, delta })
          add('response.refusal.done', { ...place, refusal })
          add('response.content_part.done', { ...place, part: { type: 'refusal', refusal } })
          return { type: 'refusal', refusal }
        },
      ])
      return composer
    },
    reasoning(deltas) {
      item({ id: `rs_${seed}_${output.length}`, type: 'reasoning', summary: [] }, (place) => {
        const at = { ...place, summary_index: 0 }
        const text = deltas.join('')
        add('response.reasoning_summary_part.added', { ...at, part: { type: 'summary_text', text: '' } })
        for (const delta of deltas) add('response.reasoning_summary_text.delta', { ...at, delta })
        add('response.reasoning_summary_text.done', { ...at, text })
        add('response.reasoning_summary_part.done', { ...at, part: { type: 'summary_text', text } })
        return { summary: [{ type: 'summary_text', text }] }
      })
      return composer
    },
    call(name, args) {
      const id = `${seed}_${output.length}`
      item({ id: `fc_${id}`, type: 'function_call', call_id: `call_${id}`, name, arguments: '' }, (place) => {
        for (const delta of args) add('response.function_call_arguments.delta', { ...place, delta })
        add('response.function_call_arguments.done', { ...place, arguments: args.join('') })
        return { arguments: args.join('') }
      })
      return composer
    },
    completed() {
      add('response.completed', { response: response('completed', { usage: usage() }) })
      return events
    },
    incomplete(reason) {
      add('response.incomplete', {
        response: response('incomplete', { usage: usage(), incomplete_details: { reason } }),
      })
      return events
    },
    failed(code, message_) {
      add('response.failed', { response: response('failed', { error: { code, message: message_ } }) })
      return events
    },
    error(code, message_) {
      add('error', { error: { type: code, code, message: message_, param: null } })
      return composer.failed(code, message_)
    },
    cut() {
      events.length = 1 + events.findLastIndex(({ type }) => String(type).endsWith('.delta'))
      return composer
    },
    events,
  }
  return composer
}

/** Cuts a text into the pieces that a model would stream: words with the space before them, and what lies between. */
export const words = (text: string): string[] =>
  text.match(/\s*[\p{L}\p{M}\p{N}'’]+|\s*[^\s\p{L}\p{M}\p{N}'’]|\s+$/gu) ?? []

/** Events at the pace of a model: a wait for the first, then a few ms for each, the same for the same seed. */
export function paced(events: readonly Json[], seed: string, slowness = 1): Step[] {
  let state = [...seed].reduce((hash, character) => (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0, 7)
  const random = () => {
    state = (state * 1664525 + 1013904223) >>> 0
    return state / 2 ** 32
  }
  return events.map((event, index) => {
    if (index === 0) return { event, after: Math.round(slowness * (180 + 220 * random())) }
    const streams = String(event.type).endsWith('.delta')
    return { event, after: streams ? Math.round(slowness * (6 + 24 * random())) : 0 }
  })
}

/** Events at once. */
export const steps = (events: readonly Json[]): Step[] => events.map((event) => ({ event }))
