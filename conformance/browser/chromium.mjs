// The browser: Debian's Chromium, without what would speak to others.
import { chromium } from 'playwright-core'

const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync',
  '--disable-background-networking', '--disable-component-update']

/** Opens it. */
export function open() {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ARGS })
}
