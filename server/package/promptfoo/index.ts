/**
 * deltatape for promptfoo. Configurations name what is here by its package, or by the file that this becomes:
 * `package:deltatape/promptfoo:Chat`, `file://node_modules/deltatape/dist/promptfoo.js:onFrame`.
 */
export { failedAsExpected, streamed } from './assertions.ts'
export { Chat, type ChatOptions } from './chat.ts'
export { type Answer, onFrame } from './frames.ts'
export { extensionHook } from './hook.ts'
