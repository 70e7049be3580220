/** The writers of a storm: one outside, and one inside every node that has power. */
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { type Lab, type LabNode } from '../../../test/cluster/lab'
import { compileProgram } from '../../../test/cluster/lab/compile'
import { enterArgv, readInit } from '../../../test/cluster/lab/namespaces'
import { Book } from './book'
import { type WriterParameters } from './writer-parameters'

/** Neither is a superuser: whatever they pile up, some connections stay for the cluster's own use. */
const ROLES = { outside: 'storm_outside', inside: 'storm_inside' } as const

/** On the primary. Which node's server acknowledges a row is read where it runs: the address does not tell. */
const SET_UP = `
create role ${ROLES.outside} login connection limit 70;
create role ${ROLES.inside} login connection limit 20;
create schema storm;
create table storm.written
  (writer text, id bigint, at timestamptz default clock_timestamp(), primary key (writer, id));
create function storm.node() returns text language sql security definer
  as $$ select btrim(pg_read_file('/etc/hostname'), E' \\n') $$;
grant usage on schema storm to ${ROLES.outside}, ${ROLES.inside};
grant insert, select on storm.written to ${ROLES.outside}, ${ROLES.inside};`

/** What a database has of what was written. */
export const PRESENT = `select writer, range_agg(int8range(id, id, '[]')) from storm.written group by writer`

/** For pg_hba.conf, before all other lines. */
export const HBA = `local postgres ${ROLES.inside} trust\n`

export class Writers {
  private constructor(
    private readonly dir: string,
    private readonly program: string,
    readonly book: Book,
  ) {}

  private readonly generations = new Map<string, number>()

  /** Makes the table on the primary, and starts to write from outside. */
  static async start(lab: Lab, primary: LabNode): Promise<Writers> {
    await primary.sql(SET_UP)
    // Beside the nodes, and not below one of them: every node sees the machine's files.
    const dir = join(lab.nodes[0]?.dir ?? '', '../files/storm')
    mkdirSync(dir, { recursive: true })
    const program = await compileProgram(join(__dirname, 'writer.ts'), dir)
    const writers = new Writers(dir, program, new Book())
    writers.launch('outside', lab.clientArgv(['setpriv', '--pdeathsig', 'KILL', '--']), {
      ...{ host: '192.168.100.163', user: ROLES.outside, intervalMs: 20, retryMs: 20, queryMs: 1000 },
    })
    return writers
  }

  /** Starts the writer inside a node, in the node's own namespaces: it sleeps and dies with the node. */
  startInside(node: LabNode): void {
    const init = readInit(node.dir)
    if (!init) throw new Error(`${node.name} has no power`)
    this.launch(node.name, enterArgv(init, []), {
      host: '/var/run/postgresql',
      user: ROLES.inside,
      ...{ intervalMs: 20, retryMs: 50 },
      // The server of its own node is dead or alive, and its connection with it: what waits may wait on.
      queryMs: 60_000,
    })
  }

  /** Whether a node's own writer runs. */
  runsInside(node: LabNode): boolean {
    return node.processes().some(({ argv }) => argv.includes(this.program))
  }

  private launch(
    where: string,
    enter: readonly string[],
    parameters: Omit<WriterParameters, 'writer'>,
  ): void {
    const generation = (this.generations.get(where) ?? 0) + 1
    this.generations.set(where, generation)
    const writer = `${where}.${generation}`
    const [acks, errors] = ['acks', 'errors'].map((name) =>
      openSync(join(this.dir, `${writer}.${name}`), 'a'),
    )
    const argv = [...enter, process.execPath, this.program, JSON.stringify({ ...parameters, writer })]
    const child = spawn(argv[0] ?? '', argv.slice(1), {
      stdio: ['ignore', acks ?? 'ignore', errors ?? 'ignore'],
      detached: true,
    })
    child.on('error', () => undefined)
    child.unref()
    for (const fd of [acks, errors]) closeSync(fd ?? -1)
    this.book.add(writer, join(this.dir, `${writer}.acks`))
  }
}
