/** How long it is waited before a connection is tried again. Pure. */

const FIRST_MS = 500

const MOST_MS = 5000

/** @param tries how often it was tried since it last worked */
export const waitFor = (tries: number): number => Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(tries, 10))
