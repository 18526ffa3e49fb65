/** How the page is built: one script, one style sheet and one HTML file, without anything inline. */
import { defineConfig } from 'vite'
import { licences } from '../bin/licences.ts'

export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [licences],
  // Calls of h() take less room than those of the newer form. What is for developers is left out whatever NODE_ENV is: it
  // names the paths of the machine.
  oxc: {
    jsx: { runtime: 'classic', pragma: 'h', pragmaFrag: 'Fragment', development: false },
    jsxInject: "import { h, Fragment } from 'preact'",
  },
  build: {
    // The browsers of the last two years.
    target: ['chrome123', 'firefox128', 'safari17.5'],
    // What is inline is against the page's own policy.
    modulePreload: false,
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    // How long it took is no warning: the machine may be busy.
    rolldownOptions: { checks: { bundlerTimings: false }, output: { codeSplitting: false } },
  },
})
