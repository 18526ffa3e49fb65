/** How the page is built: one script, one style sheet and one HTML file, without anything inline. */
import { defineConfig } from 'vite'
import { licences } from '../bin/licences.ts'

export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [licences],
  // Whatever NODE_ENV is: what is for developers names the paths of the machine that built it.
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact', development: false } },
  build: {
    target: 'es2022',
    // What is inline is against the page's own policy.
    modulePreload: false,
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    // How long it took is no warning: the machine may be busy.
    rolldownOptions: { checks: { bundlerTimings: false }, output: { codeSplitting: false } },
  },
})
