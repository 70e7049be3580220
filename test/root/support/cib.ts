/** A CIB in a file, for pacemaker's own tools where no cluster runs (`CIB_file`). */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from '@jest/globals'

let directory: string | undefined

afterAll(() => {
  if (directory !== undefined) rmSync(directory, { recursive: true })
})

/**
 * A cluster that has the quorum, and of which nothing is known.
 *
 * @returns the environment with which pacemaker's tools take it for the cluster's
 */
export function emptyCib(): Readonly<Record<string, string>> {
  directory ??= mkdtempSync(join(tmpdir(), 'ocf-ts-cib-'))
  const file = join(directory, 'cib.xml')
  const text = execFileSync('cibadmin', ['--empty'], { encoding: 'utf8' })
  writeFileSync(file, text.replace('<cib ', '<cib have-quorum="1" '))
  return { CIB_file: file }
}
