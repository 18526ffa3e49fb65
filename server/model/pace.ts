/** How replay spends the recorded time. */

/** When an event is due: ms after the replay began, from its recorded time `at` (ms) and its place (from 0). */
export type Pace = (at: number, index: number) => number

/** Everything at once. */
export const instant: Pace = () => 0

/** As it was recorded, `speed` times as fast. */
export const recorded =
  (speed: number): Pace =>
  (at) =>
    at / speed

/** One event every `ms`. */
export const fixed =
  (ms: number): Pace =>
  (_at, index) =>
    index * ms
