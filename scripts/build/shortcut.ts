/** The first lines of an executable: which interpreter runs it, and what is done before Node starts. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { SNAPSHOTS } from '../../lib/system/startup-snapshot'

/** The line that ends the meta-data for the shell. */
const END = 'end of meta-data'

/**
 * What Node is started with: one thread for the work that V8 puts aside, not four. An agent is done before there is any,
 * and each change of its identity (`asUser`) is a signal to every thread, and a wait for all of them. And the file is
 * read as it is named: it loads no other by its own place, and to look for links in its path costs 1 ms of CPU.
 */
const NODE_OPTIONS = '--v8-pool-size=1 --preserve-symlinks-main'

/**
 * What Node reads from its environment before an agent is asked (node(1), "Environment variables"): a wrong NODE_OPTIONS
 * ends it with 9, which the cluster manager reads as "failed in the promoted role"; others load code, write files, or
 * cost time.
 */
const NODE_VARIABLES = [
  ...['NODE_OPTIONS', 'NODE_PATH', 'NODE_EXTRA_CA_CERTS', 'NODE_ICU_DATA', 'NODE_DEBUG', 'NODE_DEBUG_NATIVE'],
  ...['NODE_V8_COVERAGE', 'NODE_REDIRECT_WARNINGS', 'NODE_COMPILE_CACHE', 'NODE_PENDING_DEPRECATION'],
  ...['NODE_CHANNEL_FD', 'NODE_UNIQUE_ID', 'NODE_PRESERVE_SYMLINKS', 'NODE_PRESERVE_SYMLINKS_MAIN'],
  ...['NODE_USE_ENV_PROXY', 'NODE_USE_SYSTEM_CA', 'NODE_TLS_REJECT_UNAUTHORIZED', 'NODE_SKIP_PLATFORM_CHECK'],
  ...['OPENSSL_CONF', 'OPENSSL_MODULES', 'SSL_CERT_FILE', 'SSL_CERT_DIR'],
].join(' ')

/** What Node ends with where it does not take a snapshot (startup_snapshot_failure), or crashes: signals 4 to 7, and 11. */
const NOT_STARTED = '14 | 132 | 133 | 134 | 135 | 139'

/**
 * A recurring monitor is started from the start-up snapshot that there is of the agent (lib/system/startup-snapshot.ts),
 * where all that it was made of is still as it was. The shell waits for it, and starts Node as ever if that did not work.
 */
const FROM_SNAPSHOT = [
  `case "$1 $# $0" in *..*) ;; 'monitor 1 /'*)`,
  `if [ -O "${SNAPSHOTS}$0" ] && { read -r made && read -r of && read -r is; } <"${SNAPSHOTS}$0" &&`,
  `[ "$(stat -L --printf=%d:%i:%s:%Z, $of 2>/dev/null)" = "$is" ]; then`,
  `(start --snapshot-blob "$made" "$0" "$@"); code=$?;`,
  `case $code in ${NOT_STARTED}) rm -f "${SNAPSHOTS}$0" ;; *) exit $code ;; esac; fi ;; esac;`,
].join(' ')

/** The lines of a file of shell, joined. */
function shellOf(file: string): string {
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .join(' ')
}

/**
 * An agent's executable is a program in two languages, for Node's own start is most of what many of its actions cost:
 * what the shell reads is to JavaScript a string, which does nothing, and a comment. The shell prints the meta-data,
 * which pacemaker asks for before every start, in a failover as well; and ends the actions that are nothing to do by
 * what the agent may have in a file `shortcut.sh` beside its `main.ts`. What would reach Node before the agent does is
 * taken out of the environment there.
 *
 * The second line tells what the file is, and scripts/install knows by it which files are its own to remove; it
 * writes Node's path into the first line, or into the third where that is the one that starts Node.
 *
 * @param entry - the file that the program starts with
 * @param name - the line by which the executable says what it is, a comment
 * @param metadata - an agent's; without it the executable is a program for Node alone
 */
export function firstLines(entry: string, name: string, metadata?: string): string {
  if (metadata === undefined) return `#!/usr/bin/env node\n${name}`
  const file = join(dirname(entry), 'shortcut.sh')
  const shell = existsSync(file) ? `${shellOf(file)}; ` : ''
  return [
    '#!/bin/sh',
    `':' ${name}`,
    `':' //; if [ "$1" != meta-data ]; then ${shell}start() { unset ${NODE_VARIABLES}; exec /usr/bin/env node ${NODE_OPTIONS} "$@"; }; ${FROM_SNAPSHOT} start "$0" "$@"; fi`,
    `':' /*; exec cat <<'${END}'`,
    metadata.trimEnd(),
    END,
    '*/',
  ].join('\n')
}

/** An executable, or its text, with the Node of this path in the line that starts it. */
export function startedBy(contents: string, node: string): string {
  return contents.replace('/usr/bin/env node', () => node)
}
