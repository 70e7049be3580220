/** What the cluster would do once it is let loose: its own scheduler, given the configuration without maintenance. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { wellFormed } from '../../lib/cluster/cib-text'
import { runTool } from '../cluster/change'
import { readUpcoming } from '../status/upcoming'

/** The CIB as it will be. */
export function withoutMaintenance(xml: string): string {
  return xml.replace(/<nvpair\b[^>]*\bname="maintenance-mode"[^>]*>/g, (pair) =>
    pair.replace(/\bvalue="[^"]*"/, 'value="false"'),
  )
}

/** @param xml - the CIB */
export async function findAfterResume(xml: string): Promise<readonly string[]> {
  // For root alone: a configuration may hold passwords.
  const directory = mkdtempSync(join(tmpdir(), 'ocf-ts-'))
  const file = join(directory, 'cib.xml')
  try {
    writeFileSync(file, withoutMaintenance(wellFormed(xml)), { mode: 0o600 })
    return readUpcoming(await runTool('crm_simulate', `--xml-file=${file}`, '--run', '--output-as=xml'))
  } finally {
    rmSync(directory, { recursive: true })
  }
}
