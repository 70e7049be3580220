/** The package for rpm: the same files as Debian's. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { mustRun } from '../../../test/cluster/lab/command'
import { rpmChangelog, type Release } from './changelog'
import { type Entry } from './content'
import { type PackageRequest } from './deb'
import { DESCRIPTION, LICENCE, MAINTAINER, NAME, OLDEST_NODE, SUMMARY } from './facts'
import { rpmPreun } from './removal'
import { stage } from './stage'

const RECOMMENDED = [
  'pacemaker',
  '(crmsh or pcs)',
  'postgresql-server',
  'fping',
  'iproute',
  'openssh-clients',
]

/** Where other distributions than Debian keep what Debian keeps elsewhere. */
const PLACES: Readonly<Record<string, string>> = {
  '/usr/share/zsh/vendor-completions/_ocf-ts': '/usr/share/zsh/site-functions/_ocf-ts',
}

/** Directories that may be here for our files alone, and go with them. */
const SHARED = [
  '/etc/ha.d',
  '/etc/ha.d/resource.d',
  '/usr/lib/ocf',
  '/usr/lib/ocf/resource.d',
  '/usr/share/bash-completion',
  '/usr/share/bash-completion/completions',
  '/usr/share/zsh',
  '/usr/share/zsh/site-functions',
]

function fileList(entries: readonly Entry[]): string {
  const own = entries
    .map(({ path }) => dirname(path))
    .flatMap((directory) => [directory, dirname(directory)])
    .filter((directory) => /\/ocf-ts$|\/resource\.d\/ts$|\/ocf-ts\//.test(directory))
  const directories = [...new Set([...SHARED, ...own])].sort()
  const marked = ({ path }: Entry): string =>
    path.endsWith('/copyright')
      ? `%license ${path}`
      : path.startsWith('/usr/share/doc/') || path.startsWith('/usr/share/man/')
        ? `%doc ${path}`
        : path
  return [...directories.map((directory) => `%dir ${directory}`), ...entries.map(marked)].join('\n')
}

function spec({ version, entries }: PackageRequest, staged: string, releases: readonly Release[]): string {
  return `Name: ${NAME}
Version: ${version}
Release: 1
Summary: ${SUMMARY}
License: ${LICENCE}
Packager: ${MAINTAINER}
BuildArch: noarch
AutoReqProv: no
Requires: nodejs >= ${OLDEST_NODE}
${RECOMMENDED.map((what) => `Recommends: ${what}`).join('\n')}

%description
${DESCRIPTION.map((text) => text.replace(/(.{1,78})(?: +|$)/g, '$1\n').trimEnd()).join('\n\n')}

%install
mkdir -p %{buildroot}
cp -a ${staged}/. %{buildroot}/

%preun -p <lua>
${rpmPreun()}

%files
%defattr(-,root,root)
${fileList(entries)}

%changelog
${rpmChangelog(releases)}`
}

/** What makes the same package of the same files, on whatever machine and whenever; and one that older rpm can read. */
const MACROS: Readonly<Record<string, string>> = {
  use_source_date_epoch_as_buildtime: '1',
  clamp_mtime_to_source_date_epoch: '1',
  source_date_epoch_from_changelog: '0',
  _buildhost: 'localhost',
  _binary_payload: 'w9.xzdio',
  _build_id_links: 'none',
  // Nothing is compressed, stripped or byte-compiled once more.
  __os_install_post: '%{nil}',
}

/** Makes the package; returns its path. */
export async function makeRpm(request: PackageRequest, releases: readonly Release[]): Promise<string> {
  const { version, time, workshop, output } = request
  const entries = request.entries.map((entry) => ({ ...entry, path: PLACES[entry.path] ?? entry.path }))
  const staged = join(workshop, 'rpm-files')
  const top = join(workshop, 'rpm')
  stage(staged, entries, time)
  mkdirSync(top)
  const file = join(top, `${NAME}.spec`)
  writeFileSync(file, spec({ ...request, entries }, staged, releases))
  const macros = { ...MACROS, _topdir: top, _dbpath: join(top, 'db') }
  const defined = Object.entries(macros).flatMap(([name, value]) => ['--define', `${name} ${value}`])
  await mustRun(['rpmbuild', '-bb', '--target', 'noarch', ...defined, file], {
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: top,
      LC_ALL: 'C.UTF-8',
      SOURCE_DATE_EPOCH: String(time),
    },
  })
  const name = `${NAME}-${version}-1.noarch.rpm`
  mkdirSync(output, { recursive: true })
  copyFileSync(join(top, 'RPMS/noarch', name), join(output, name))
  return join(output, name)
}
