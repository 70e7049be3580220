/** Debian 13 (trixie): pacemaker 3.0, crmsh 5, pcs 0.12. */
import { commonPackages, type System } from './system'

export const debian13: System = {
  name: 'debian13',
  release: { id: 'debian', version: '13' },
  suite: 'trixie',
  packages: [...commonPackages, 'postgresql-17'],
  postgres: '17',
  // Its own refuses setuid() and its like, which the agents still need.
  node: 'machine',
  takesDocumentWords: false,
}
