/**
 * A start-up snapshot (node(1), --build-snapshot) of an agent, for its recurring monitors: what Node's library and the
 * agent are once they are loaded, which Node reads faster than it compiles them. A Node that has none of its own starts
 * in 120 ms of CPU, which are 75 with it, and the agent is loaded by then.
 *
 * It is made in the background by a monitor that does not find any, in a directory of root's that is empty after each start
 * of the machine. What it was made of stands beside it, as stat(1) prints it: Node, its libraries and the agent. The first
 * lines of the executable compare that (scripts/build/shortcut.ts), and start Node without it where anything is different,
 * or where Node does not take it. So no upgrade of any of them is waited for, and none is told.
 */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { spawnDetached } from './background-program'
import { unlessMissing } from './files'

/** That of an agent is at the agent's own path in it. The executable's first lines name it, too. */
export const SNAPSHOTS = '/run/ocf-ts/snapshots'

/** One that could not be made, or did not work, is tried again after this. */
const AGAIN_MS = 3_600_000

/** What the shell takes for one word. */
const PLAIN = /^\/[\w./+-]+$/

/**
 * Makes the snapshot `$1`, with the Node `$2`, of the program `$3`, which with the files after it makes it what it is. It is
 * tried before it is put in its place, by a name of its own, for others may read or make one meanwhile.
 */
const MAKE = `
umask 077
place=$1 node=$2 program=$3 new=$1.$$
shift 2
clean() { env -i PATH="$PATH" nice timeout 60 "$node" --v8-pool-size=1 --snapshot-blob "$@"; }
identity=$(stat -L --printf=%d:%i:%s:%Z, "$@") &&
  clean "$new" --build-snapshot "$program" && [ -n "$(clean "$new" "$program" usage)" ] &&
  printf '%s\\n' "$new" "$*" "$identity" >"$new.of" && mv -f "$new.of" "$place" || rm -f "$new" "$new.of"
for other in "$place".*; do
  case $other in "$new" | "$place.tried") ;; *) rm -f "$other" ;; esac
done`

/** The libraries of this process. Nothing where one was replaced after it was loaded. */
function loadedLibraries(): readonly string[] | undefined {
  const mapped = readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .flatMap((line) => /^(?:\S+ +){5}(\/.*)$/.exec(line)?.[1] ?? [])
  if (mapped.some((path) => path.endsWith(' (deleted)'))) return undefined
  return [...new Set(mapped)].filter((path) => /\.so(?:$|\.)/.test(path))
}

/** Whether a snapshot of these parts was tried not long ago, and none of them was replaced since then. */
function wasTried(tried: string, parts: readonly string[]): boolean {
  const last = unlessMissing(() => statSync(tried).mtimeMs)
  if (last === undefined || Math.abs(Date.now() - last) > AGAIN_MS) return false
  return parts.every((path) => statSync(path).ctimeMs <= last)
}

/** Begins to make one of this program, unless that was tried not long ago. */
export async function makeSnapshot(): Promise<void> {
  const [, program = ''] = process.argv
  const libraries = loadedLibraries()
  if (libraries === undefined) return
  // Node by the name that the executable has for it: what that leads to may change.
  const parts = [program, process.argv0, ...libraries]
  const place = `${SNAPSHOTS}${program}`
  const tried = `${place}.tried`
  if (!parts.every((path) => PLAIN.test(path)) || wasTried(tried, parts)) return
  mkdirSync(dirname(place), { recursive: true, mode: 0o700 })
  writeFileSync(tried, '')
  await spawnDetached('sh', ['-c', MAKE, 'sh', place, process.argv0, ...parts])
}

/**
 * Has Node write the snapshot that it is to make, as soon as nothing is left to do.
 *
 * @param run - what a process that is started from it does
 */
export async function prepareSnapshot(run: () => void): Promise<void> {
  const { startupSnapshot } = await import('node:v8')
  startupSnapshot.setDeserializeMainFunction(run)
}
