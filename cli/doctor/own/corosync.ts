/** Corosync on this node. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { type Deadline } from '../../../lib/ocf'
import { runProgram } from '../../../lib/system/run-program'
import { type CorosyncFacts, type Link } from '../facts'
import { processesNamed } from './processes'

const FILE = '/etc/corosync/corosync.conf'

/**
 * The keys of corosync.conf by their whole names (corosync.conf(5)); nodes and interfaces are counted, as
 * corosync-cmapctl does.
 */
export function readCorosyncConf(text: string): Readonly<Record<string, string>> {
  const keys: Record<string, string> = {}
  const path: string[] = []
  const counted = new Map<string, number>()
  for (const line of text.split('\n').map((one) => one.replace(/#.*$/, '').trim())) {
    const [, section] = /^(\w+)\s*\{$/.exec(line) ?? []
    if (section !== undefined) {
      if (section === 'node' || section === 'interface') {
        const number = counted.get(section) ?? 0
        counted.set(section, number + 1)
        path.push(`${section}.${number}`)
      } else path.push(section)
    } else if (line === '}') {
      path.pop()
    } else {
      const [, key, value] = /^([\w.]+)\s*:\s*(.*)$/.exec(line) ?? []
      if (key !== undefined) keys[[...path, key].join('.')] = value ?? ''
    }
  }
  return keys
}

/** Reads what corosync-cfgtool -s prints. (Its address is another node's where the transport is udpu.) */
export function readLinks(text: string): readonly Link[] {
  const links: Link[] = []
  let link = 0
  for (const line of text.split('\n')) {
    const [, id] = /^LINK ID\s+(\d+)/.exec(line) ?? []
    if (id !== undefined) link = Number(id)
    const [, nodeId, status] = /^\s+nodeid:?\s+(\d+):\s*(\S+)/.exec(line) ?? []
    if (nodeId !== undefined && status !== undefined) links.push({ link, nodeId: Number(nodeId), status })
  }
  return links
}

export async function examineCorosync(deadline: Deadline): Promise<CorosyncFacts | null> {
  if (!existsSync(FILE)) return null
  const text = readFileSync(FILE, 'utf8')
  const running = processesNamed('corosync').length > 0
  const said = running ? await runProgram('corosync-cfgtool', ['-s'], { deadline }) : undefined
  return {
    running,
    configuration: readCorosyncConf(text),
    fingerprint: createHash('sha256').update(text).digest('hex').slice(0, 12),
    links: said === undefined ? null : readLinks(said.stdout),
    deviceRuns: processesNamed('corosync-qdevice').length > 0,
  }
}
