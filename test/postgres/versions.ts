/** The versions of PostgreSQL that come as npm packages (package.json beside this), and which of them a run tests. */
import { join } from 'node:path'
import { installedVersion } from '../cluster/lab/postgres'

/**
 * Within a family the product does the same. A run tests the oldest and the newest of each; with OCF_TS_TEST_ALL
 * (`scripts/test --all`) every one.
 */
const FAMILIES = [
  // A standby is what has a recovery.conf, which is read at the start only.
  [10, 11],
  // standby.signal and settings, which can be reloaded; runtime statistics in files; pg_rewind reads the pgdata's settings.
  [12, 13, 14],
  // Statistics in shared memory; pg_rewind takes a configuration file.
  [15, 16, 17, 18],
] as const

/** Debian's own is tested besides, with all its programs. */
const isTested = (version: number, family: readonly number[]): boolean =>
  Boolean(process.env['OCF_TS_TEST_ALL']) ||
  (version !== Number(installedVersion()) && (version === family[0] || version === family.at(-1)))

/** The packages are for this processor only. */
export const NPM_VERSIONS: readonly number[] =
  process.arch === 'x64'
    ? FAMILIES.flatMap((family) => family.filter((version) => isTested(version, family)))
    : []

/** Where a package's programs, libraries and files are: bin, lib, share. */
export function npmPrograms(version: number): string {
  return join(__dirname, 'node_modules', `postgres-${version}`, 'native')
}
