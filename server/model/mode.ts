/** The modes by name. */

export const MODES = ['replay', 'record', 'auto', 'live'] as const

export type Mode = (typeof MODES)[number]
