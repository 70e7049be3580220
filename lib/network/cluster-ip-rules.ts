/** A shared address in this host's nftables. */
import { type Deadline, ExitCode, OcfError } from '../ocf'
import { describeFailure, type ProgramResult, runProgram } from '../system/run-program'
import {
  clearCommands,
  type ClusterIp,
  isEmptyTable,
  joinCommands,
  leaveCommands,
  parseShares,
  type Share,
  sharesChain,
} from './cluster-ip'

function nft(args: readonly string[], deadline: Deadline): Promise<ProgramResult> {
  return runProgram('nft', args, { deadline })
}

function failed(what: string, result: ProgramResult): OcfError {
  return new OcfError(ExitCode.ERR_GENERIC, describeFailure(`nft: ${what}`, result))
}

/**
 * The shares that this host serves; none where there is no such chain, or no nft.
 *
 * @throws OcfError ERR_GENERIC when nft does not say
 */
export async function listShares(ip: ClusterIp, deadline: Deadline): Promise<readonly Share[]> {
  try {
    const result = await nft(['-j', 'list', 'chain', 'inet', ip.table, sharesChain(ip)], deadline)
    if (result.code === 0) return parseShares(result.stdout)
    if (/No such file or directory/.test(result.stderr)) return []
    throw failed('list', result)
  } catch (error) {
    if (error instanceof OcfError && error.code === ExitCode.ERR_INSTALLED) return []
    throw error
  }
}

/**
 * Serves one more share.
 *
 * @throws OcfError ERR_INSTALLED when nft or the kernel cannot
 */
export async function joinShare(ip: ClusterIp, instance: number, deadline: Deadline): Promise<void> {
  const result = await nft([joinCommands(ip, instance)], deadline)
  if (result.code === 0) return
  throw new OcfError(
    ExitCode.ERR_INSTALLED,
    'a cluster IP needs nftables with jhash, which nft or the kernel here does not have: make the resource a primitive',
    { detail: describeFailure('nft', result) },
  )
}

/** Serves a share no longer; it may have gone meanwhile. */
export async function leaveShare(ip: ClusterIp, share: Share, deadline: Deadline): Promise<void> {
  const result = await nft([leaveCommands(ip, share)], deadline)
  if (result.code === 0) return
  const left = await listShares(ip, deadline)
  if (left.some(({ handle }) => handle === share.handle)) throw failed('delete rule', result)
}

/** Takes the chains away, and the table when there is nothing else in it. What is not there is left so. */
export async function clearRules(ip: ClusterIp, deadline: Deadline): Promise<void> {
  for (const family of ['inet', 'arp'] as const) {
    const result = await nft([clearCommands(ip, family)], deadline)
    if (result.code !== 0 && !/No such file or directory/.test(result.stderr))
      throw failed('delete chain', result)
    const { code, stdout } = await nft(['-j', 'list', 'table', family, ip.table], deadline)
    if (code === 0 && isEmptyTable(stdout)) await nft([`delete table ${family} ${ip.table}`], deadline)
  }
}
