/** Icons as strokes in 16 × 16: characters would be boxes where a font lacks them. */

const CIRCLE = 'M2 8a6 6 0 1 0 12 0A6 6 0 1 0 2 8'

const PATHS = {
  play: 'M4 2l9 6-9 6z',
  pause: 'M5 3v10m6-10v10',
  previousEvent: 'M10 3 5 8l5 5',
  nextEvent: 'M6 3l5 5-5 5',
  previousMark: 'M12 3 7 8l5 5M4 3v10',
  nextMark: 'M4 3l5 5-5 5m8-10v10',
  stop: 'M4 4h8v8H4z',
  plus: 'M8 3v10M3 8h10',
  minus: 'M3 8h10',
  close: 'M4 4l8 8m0-8-8 8',
  sun: 'M5 8a3 3 0 1 0 6 0 3 3 0 1 0-6 0m3-7v1m0 12v1M1 8h1m12 0h1M3 3l1 1m8 8 1 1M3 13l1-1m8-8 1-1',
  moon: 'M6 2a6 6 0 1 0 8 8A6 6 0 0 1 6 2z',
  copy: 'M6 2h8v8H6zM3 6H2v8h8v-1',
  search: 'M2 7a5 5 0 1 0 10 0A5 5 0 1 0 2 7m9 4 3 3',
  keyboard: 'M1 4h14v8H1zM4 7h0m4 0h0m4 0h0M5 10h6',
  arrow: 'M2 8h11M9 4l4 4-4 4',
  download: 'M8 2v8M5 7l3 3 3-3M3 14h10',
  up: 'M3 10l5-5 5 5',
  down: 'M3 6l5 5 5-5',
  compare: 'M2 3h4v10H2zm8 0h4v10h-4z',
  swap: 'M5 2 2 5l3 3M2 5h12m-3 3 3 3-3 3m3-3H2',
  check: `${CIRCLE}m3 0 2 2 4-4`,
  half: `${CIRCLE}M8 2v12M6 4v8M4 6v4`,
  warning: 'M8 2 1 14h14zm0 4v4m0 2h0',
  noEntry: `${CIRCLE}m3 0h6`,
  cut: 'M1 8h4m6 0h4M8 2v2m0 3v2m0 3v2',
  clock: `${CIRCLE}M8 5v3l2 2`,
  torn: 'M3 7V2h7l3 3v2M3 10l3 2 2-2 2 2 3-2v4H3z',
  info: `${CIRCLE}M8 5h0m0 3v3`,
} as const

export type IconName = keyof typeof PATHS

/** An icon in the colour of the text beside it. It says nothing to a screen reader: the word does. */
export const Icon = ({ name }: { readonly name: IconName }) => (
  <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
    <path
      d={PATHS[name]}
      fill="none"
      stroke="currentColor"
      stroke-width="1.6"
      stroke-linecap="round"
      stroke-linejoin="round"
    />
  </svg>
)
