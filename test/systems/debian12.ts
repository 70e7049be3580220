/** Debian 12 (bookworm): pacemaker 2.1, crmsh 4, pcs 0.11. */
import { commonPackages, type System } from './system'

export const debian12: System = {
  name: 'debian12',
  release: { id: 'debian', version: '12' },
  suite: 'bookworm',
  packages: [...commonPackages, 'postgresql-15'],
  postgres: '15',
  node: 'machine',
  takesDocumentWords: true,
}
