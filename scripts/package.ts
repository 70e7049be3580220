/** `scripts/package`: a Debian package and one for rpm. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { VERSION } from '../lib/version'
import { messageOf } from '../lib/ocf'
import { releases, timeOf } from './lib/package/changelog'
import { packageContent } from './lib/package/content'
import { makeDeb } from './lib/package/deb'
import { makeRpm } from './lib/package/rpm'

const { values: options } = parseArgs({
  options: {
    deb: { type: 'boolean', default: false },
    rpm: { type: 'boolean', default: false },
    output: { type: 'string', default: resolve(__dirname, '../dist/packages') },
  },
})

async function makePackages(): Promise<void> {
  const all = releases()
  const [newest] = all
  if (newest?.version !== VERSION) {
    throw new Error(
      `CHANGELOG.md begins with ${newest?.version ?? 'nothing'}, and package.json says ${VERSION}`,
    )
  }
  const given = process.env['SOURCE_DATE_EPOCH'] ?? ''
  const time = /^\d+$/.test(given) ? Number(given) : timeOf(newest)
  const workshop = mkdtempSync(join(tmpdir(), 'ocf-ts-package-'))
  try {
    const entries = await packageContent(all)
    const request = { version: VERSION, entries, time, workshop, output: resolve(options.output) }
    const both = options.deb === options.rpm
    if (both || options.deb) process.stdout.write(`${await makeDeb(request)}\n`)
    if (both || options.rpm) process.stdout.write(`${await makeRpm(request, all)}\n`)
  } finally {
    rmSync(workshop, { recursive: true, force: true })
  }
}

makePackages().catch((error: unknown) => {
  process.stderr.write(`scripts/package: ${messageOf(error)}\n`)
  process.exitCode = 1
})
