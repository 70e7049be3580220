/** Debian 13 (trixie): pacemaker 3.0, crmsh 5, pcs 0.12. */
import { commonPackages, type System } from './system'

export const debian13: System = {
  name: 'debian13',
  release: { id: 'debian', version: '13' },
  suite: 'trixie',
  packages: [...commonPackages, 'postgresql-17'],
  postgres: '17',
  // It refuses setuid() and its like: the agents work as the database's account by a helper process (lib/system).
  node: 'own',
  takesDocumentWords: false,
}
