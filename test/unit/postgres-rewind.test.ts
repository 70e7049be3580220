/** What pg_rewind prints, in the form in which it does. */
import { expect, test } from '@jest/globals'
import { bytesToCopy, copiedPercent, rewindComplaint } from '../../lib/postgres/rewind'

const DRY_RUN = `pg_rewind: connected to server
pg_rewind: servers diverged at WAL location 0/4030FC8 on timeline 3
pg_rewind: rewinding from last common checkpoint at 0/4000060 on timeline 3
pg_rewind: reading source file list
pg_rewind: reading target file list
pg_rewind: reading WAL in target
pg_rewind: need to copy 170 MB (total source directory size is 201 MB)
     0/174830 kB (0%) copied
174830/174830 kB (100%) copied
pg_rewind: creating backup label and updating control file
pg_rewind: Done!
`

test('how much it would copy, and how much it has copied', () => {
  expect(bytesToCopy(DRY_RUN)).toBe(170 * 2 ** 20)
  expect(copiedPercent(DRY_RUN)).toBe(100)
  expect(copiedPercent('     0/174830 kB (0%) copied\r 60000/174830 kB (34%) copied')).toBe(34)
  expect(copiedPercent('pg_rewind: reading source file list')).toBeUndefined()
  expect(bytesToCopy('')).toBeUndefined()
})

const WAL_IS_GONE = /^WAL of this node since the fork is gone/

test.each([
  [
    'pg_rewind: error: could not open file "/data/pg_wal/000000010000000000000003": No such file or directory\npg_rewind: fatal: could not find previous WAL record at 0/3000060',
    WAL_IS_GONE,
  ],
  ['pg_rewind: error: could not read WAL record at 0/3000060: invalid record length', WAL_IS_GONE],
  [
    'pg_rewind: fetched file "global/pg_control", length 8192\npg_rewind: error: target server must be shut down cleanly',
    /^target server must be shut down cleanly$/,
  ],
  [
    'pg_rewind: error: connection to server at "192.168.2.3", port 5432 failed: FATAL:  the database system is shutting down',
    /FATAL: {2}the database system is shutting down$/,
  ],
  ['Killed', /^Killed$/],
  ['', /^$/],
])('why it failed: %j', (stderr, reason) => {
  expect(rewindComplaint(stderr)).toMatch(reason)
})
