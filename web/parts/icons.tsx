/** Icons as paths of 16 × 16: characters would be boxes where a font lacks them. */

const PATHS = {
  play: 'M4.5 2.6v10.8a.6.6 0 0 0 .92.5l8.4-5.4a.6.6 0 0 0 0-1l-8.4-5.4a.6.6 0 0 0-.92.5z',
  pause: 'M4 2.5h2.6v11H4zM9.4 2.5H12v11H9.4z',
  previousEvent: 'M11.5 3.3v9.4a.5.5 0 0 1-.8.4L4.6 8.4a.5.5 0 0 1 0-.8l6.1-4.7a.5.5 0 0 1 .8.4z',
  nextEvent: 'M4.5 3.3v9.4a.5.5 0 0 0 .8.4l6.1-4.7a.5.5 0 0 0 0-.8L5.3 2.9a.5.5 0 0 0-.8.4z',
  previousMark: 'M2.5 2.8h2v10.4h-2zM13.5 3.3v9.4a.5.5 0 0 1-.8.4L6.6 8.4a.5.5 0 0 1 0-.8l6.1-4.7a.5.5 0 0 1 .8.4z',
  nextMark: 'M11.5 2.8h2v10.4h-2zM2.5 3.3v9.4a.5.5 0 0 0 .8.4l6.1-4.7a.5.5 0 0 0 0-.8L3.3 2.9a.5.5 0 0 0-.8.4z',
  stop: 'M3.5 3.5h9v9h-9z',
  plus: 'M7.1 3h1.8v4.1H13v1.8H8.9V13H7.1V8.9H3V7.1h4.1z',
  minus: 'M3 7.1h10v1.8H3z',
  close: 'M4.3 3.1 8 6.8l3.7-3.7 1.2 1.2L9.2 8l3.7 3.7-1.2 1.2L8 9.2l-3.7 3.7-1.2-1.2L6.8 8 3.1 4.3z',
  sun: 'M8 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM7.3 1h1.4v2.4H7.3zm0 11.6h1.4V15H7.3zM1 7.3h2.4v1.4H1zm11.6 0H15v1.4h-2.4zM2.6 3.6l1-1 1.7 1.7-1 1zm8.1 8.1 1-1 1.7 1.7-1 1zM2.6 12.4l1.7-1.7 1 1-1.7 1.7zm8.1-8.1 1.7-1.7 1 1-1.7 1.7z',
  moon: 'M6.2 1.8a6.4 6.4 0 1 0 8 8A5.6 5.6 0 0 1 6.2 1.8z',
  copy: 'M5.5 1.5h7a1 1 0 0 1 1 1v8.3h-1.5V3H5.5zM3 4.6h6.8a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H3a1 1 0 0 1-1-1v-8a1 1 0 0 1 1-1zm.5 1.5v7h5.8v-7z',
  search:
    'M6.8 1.8a5 5 0 0 1 4 8l3.5 3.5-1.1 1.1-3.5-3.5a5 5 0 1 1-2.9-9.1zm0 1.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z',
  keyboard:
    'M2 3.5h12a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1H2a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1zm.4 1.4v6.2h11.2V4.9zM3.8 6h1.5v1.4H3.8zm2.3 0h1.5v1.4H6.1zm2.3 0h1.5v1.4H8.4zm2.3 0h1.5v1.4h-1.5zM5 8.7h6v1.4H5z',
  arrow: 'M8.8 3.2 13.6 8l-4.8 4.8-1.1-1.1 2.95-2.95H2.4v-1.5h8.25L7.7 4.3z',
  external:
    'M9.5 2H14v4.5h-1.5V4.6L7.6 9.5 6.5 8.4l4.9-4.9H9.5zM3 4h4v1.5H3.5v7h7V9H12v4a1 1 0 0 1-1 1H3a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1z',
  download: 'M7.25 1.5h1.5v6.2l2.2-2.2 1.1 1.1L8 10.6 3.95 6.6l1.1-1.1 2.2 2.2zM2.5 12.5h11V14h-11z',
  up: 'M8 4.2 13 11H3z',
  down: 'M8 11.8 3 5h10z',
  back: 'M7.2 2.8 8.3 3.9 5 7.25h8.5v1.5H5l3.3 3.35-1.1 1.1L2 8z',
  compare: 'M1.5 3h5v10h-5zM3 4.5v7h2v-7zM9.5 3h5v10h-5zM11 4.5v7h2v-7z',
  swap: 'M5 2.2 6.1 3.3 4.4 5H14v1.5H4.4l1.7 1.7L5 9.3 1.5 5.75zM11 6.7l3.5 3.55L11 13.8l-1.1-1.1 1.7-1.7H2V9.5h9.6L9.9 7.8z',
  check: 'M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1zm3.3 3.9L7 9.2 4.7 6.9 3.6 8 7 11.4 12.4 6z',
  half: 'M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1zm0 1.6a5.4 5.4 0 0 0 0 10.8z',
  warning:
    'M8.9 1.9 15.3 13a1 1 0 0 1-.9 1.5H1.6A1 1 0 0 1 .7 13L7.1 1.9a1 1 0 0 1 1.8 0zM7.2 5.5v4.2h1.6V5.5zm0 5.5v1.6h1.6V11z',
  noEntry: 'M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1zM4 7v2h8V7z',
  cut: 'M1 7h4.5v2H1zm6-4h2v2H7zm0 4h2v2H7zm0 4h2v2H7zm3.5-4H15v2h-4.5z',
  clock:
    'M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1zm0 1.6a5.4 5.4 0 1 0 0 10.8A5.4 5.4 0 0 0 8 2.6zM7.2 4.5h1.6v3.2l2.1 2.1-1.1 1.1-2.6-2.6z',
  torn: 'M3 1h6.5L13 4.5v3.3l-2.2 1.4-2.5-1.6-2.6 1.6L3 7.5zm0 8.6 2.7 1.8 2.6-1.7 2.5 1.7L13 10v5H3z',
  info: 'M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1zM7.2 4v1.7h1.6V4zm0 3v5h1.6V7z',
} as const

export type IconName = keyof typeof PATHS

/** An icon in the colour of the text beside it. It says nothing to a screen reader: the word does. */
export const Icon = ({ name }: { readonly name: IconName }) => (
  <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
    <path d={PATHS[name]} fill="currentColor" fill-rule="evenodd" />
  </svg>
)
