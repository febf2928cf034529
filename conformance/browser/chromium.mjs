// The browser: Debian's Chromium, without what would speak to others. One process draws all pages:
// a new one for each would take as long as looking at the page does.
import { chromium } from 'playwright-core'

const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync',
  '--disable-background-networking', '--disable-component-update', '--renderer-process-limit=1',
  '--disable-site-isolation-trials']

/** Opens it. */
export function open() {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ARGS })
}
