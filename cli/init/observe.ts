/** What there is to know of this node's server, running or not. */
import { dirname, resolve } from 'node:path'
import { readSite, readSiteVersion } from '../../agents/pgsql/site'
import { addressFromHex, bitsOf, parseAddress } from '../../lib/network/address'
import { type Interface } from '../../lib/network/interfaces'
import { listInterfaces } from '../../lib/network/list-interfaces'
import { shareNetwork } from '../../lib/network/prefix'
import { type Deadline, ExitCode, OcfError } from '../../lib/ocf'
import { readEnvironment } from '../../lib/ocf/environment'
import { findSetting, readConfigFile } from '../../lib/postgres/config-file'
import { connect, type Connection } from '../../lib/postgres/connection'
import { commonDatabases, enterFirst } from '../../lib/postgres/databases'
import { type Instance, type MajorVersion } from '../../lib/postgres/instance'
import { runServerProgram } from '../../lib/postgres/server-program'
import { findServer } from '../../lib/postgres/server-state'
import { existsOwned } from '../../lib/system/owned-files'
import { describeFailure } from '../../lib/system/run-program'
import { shellWords } from '../../lib/system/shell-words'
import { readDatabaseValues } from '../configure/model'
import { type Network } from './hba'
import { type InitFacts, LOOKED_AT, RECORDED_SETTINGS } from './needs'
import { type InitSpec, type Place } from './spec'

const ANSWER_MS = 5000

export interface Observed {
  readonly facts: InitFacts
  readonly instance: Instance
  /** Words of the server's command line that say which configuration it reads. */
  readonly options: readonly string[]
}

/** Settings that came with a version, or went. */
function isKnown(name: string, version: MajorVersion): boolean {
  switch (name) {
    case 'wal_keep_size':
      return version >= 13
    case 'wal_keep_segments':
      return version < 13
    case 'archive_library':
      return version >= 15
    default:
      return true
  }
}

/** The value that the configuration files give a setting (postgres(1), -C). */
async function configuredValue(
  instance: Instance,
  options: readonly string[],
  name: string,
  deadline: Deadline,
): Promise<string> {
  const result = await runServerProgram(instance, 'postgres', [...options, '-C', name], deadline)
  if (result.code === 0) return result.stdout.trim()
  throw new OcfError(
    ExitCode.ERR_GENERIC,
    `${instance.configFile} cannot be read: ${describeFailure('postgres', result)}`,
  )
}

/** Names of pg_controldata for settings that have others. */
const RECORDED_AS: Readonly<Record<string, string>> = {
  max_prepared_transactions: 'max_prepared_xacts',
  max_locks_per_transaction: 'max_locks_per_xact',
}

async function controlValues(instance: Instance, deadline: Deadline): Promise<ReadonlyMap<string, string>> {
  const result = await runServerProgram(instance, 'pg_controldata', ['-D', instance.dataDirectory], deadline)
  if (result.code !== 0) throw new OcfError(ExitCode.ERR_GENERIC, describeFailure('pg_controldata', result))
  return new Map(
    result.stdout.split('\n').map((line) => {
      const [name = '', ...value] = line.split(':')
      return [name, value.join(':').trim()] as const
    }),
  )
}

/** A session as the owner of the data, over the unix socket. */
export async function withServer<T>(
  instance: Instance,
  spec: InitSpec,
  deadline: Deadline,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const server = findServer(instance)
  const user = instance.owner.name
  const pidFile = server.kind === 'running' ? server.pidFile : undefined
  const entry = await enterFirst(commonDatabases(readDatabaseValues(spec.parameters).pgdb), (database) =>
    connect(instance, pidFile, { user, database }, deadline, ANSWER_MS),
  )
  if (entry.connection === undefined) throw entry.error
  try {
    return await work(entry.connection)
  } finally {
    entry.connection.close()
  }
}

async function activeValues(
  instance: Instance,
  spec: InitSpec,
  names: readonly string[],
  deadline: Deadline,
): Promise<Readonly<Record<string, string>>> {
  return withServer(instance, spec, deadline, async (connection) => {
    const rows = await connection.rows<{ name: string; value: string }>(
      'select name, pg_catalog.current_setting(name) as value from pg_catalog.pg_settings where name = any ($1)',
      [names],
    )
    return Object.fromEntries(rows.map(({ name, value }) => [name, value]))
  })
}

/** The network that an address is in; nothing where neither the configuration nor this node knows its size. */
export function networkOf(
  { ip, prefixLength }: Place,
  interfaces: readonly Interface[],
): Network | undefined {
  const address = parseAddress(ip)
  if (address === undefined) return undefined
  const around = interfaces
    .flatMap(({ addresses }) => addresses)
    .filter(
      (own) =>
        own.prefixLength < bitsOf(address.family) && shareNetwork(own.address, address, own.prefixLength),
    )
    .map((own) => own.prefixLength)
  const length = prefixLength ?? (around.length > 0 ? Math.max(...around) : undefined)
  if (length === undefined) return undefined
  const rest = BigInt(bitsOf(address.family) - length)
  const hex = ((BigInt(`0x${address.hex}`) >> rest) << rest).toString(16).padStart(address.hex.length, '0')
  return { address: addressFromHex(hex), prefixLength: length }
}

function distinct(networks: readonly (Network | undefined)[]): readonly Network[] {
  const found = new Map<string, Network>()
  for (const network of networks)
    if (network) found.set(`${network.address.hex}/${network.prefixLength}`, network)
  return [...found.values()]
}

function foreignSynchronous({ owner, configFile, dataDirectory }: Instance): string | undefined {
  for (const file of [`${dataDirectory}/postgresql.auto.conf`, configFile]) {
    const found = findSetting(readConfigFile(owner, file) ?? '', 'synchronous_standby_names')
    if (found) return `${file}, line ${found.line}`
  }
  return undefined
}

function readStartConf({ owner, configFile }: Instance): InitFacts['startConf'] {
  const path = `${dirname(configFile)}/start.conf`
  const word = readConfigFile(owner, path)
    ?.split('\n')
    .map((line) => line.replace(/#.*$/, '').trim())
    .find(Boolean)
  return word === undefined ? undefined : { path, word }
}

/**
 * Looks at the server; changes nothing.
 *
 * @throws OcfError when there is none, or its configuration cannot be read
 */
export async function observeServer(spec: InitSpec, deadline: Deadline): Promise<Observed> {
  const values = readDatabaseValues(spec.parameters)
  const site = await readSite({ values, env: readEnvironment({}, 'pgsql'), deadline })
  const version = readSiteVersion(site)
  const { instance } = site
  const { dataDirectory, configFile, owner } = instance
  const options = [
    '-D',
    dataDirectory,
    '-c',
    `config_file=${configFile}`,
    ...(shellWords(values.start_opt) ?? []),
  ]
  const server = findServer(instance)
  const running = server.kind === 'running'
  const names = LOOKED_AT.filter((name) => isKnown(name, version))
  const [texts, hbaFile, control, active, interfaces] = await Promise.all([
    Promise.all(
      names.map(async (name) => [name, await configuredValue(instance, options, name, deadline)] as const),
    ),
    configuredValue(instance, options, 'hba_file', deadline),
    controlValues(instance, deadline),
    running ? activeValues(instance, spec, names, deadline) : undefined,
    listInterfaces(deadline),
  ])
  const path = resolve(dataDirectory, hbaFile)
  const mayRecord =
    !running &&
    control.get('Database cluster state') === 'shut down' &&
    !existsOwned(owner, `${dataDirectory}/standby.signal`)
  const replication = networkOf(spec.replication, interfaces)
  return {
    instance,
    options,
    facts: {
      version,
      server: running ? 'running' : 'stopped',
      configured: Object.fromEntries(texts),
      active,
      checksums: Number(control.get('Data page checksum version')) > 0,
      recorded: mayRecord
        ? Object.fromEntries(
            RECORDED_SETTINGS.flatMap((name) => {
              const value = control.get(`${RECORDED_AS[name] ?? name} setting`)
              return value === undefined ? [] : [[name, Number(value)] as const]
            }),
          )
        : {},
      hba: readConfigFile(owner, path) ?? '',
      hbaFile: path,
      synchronous: foreignSynchronous(instance),
      startConf: readStartConf(instance),
      replication,
      clients: distinct(spec.clients.map((place) => networkOf(place, interfaces))),
    },
  }
}
