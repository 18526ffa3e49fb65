/** Which deltatape this is. */
import manifest from '../../package.json' with { type: 'json' }

export const VERSION: string = manifest.version

/** What the header `x-deltatape` says: which version answers, in which mode. */
export const whoAnswers = ({ mode }: { readonly mode: string }): string => `${VERSION} ${mode}`
