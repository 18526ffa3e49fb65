/** The page: what the address says, in the frame that all views share. */
import './style/index.css'
import { render } from 'preact'
import { Shell } from './app/shell.tsx'

const root = document.querySelector('#page')
if (root) render(<Shell />, root)
