/** The address of a clone whose instances have one address together, each for its share of the clients. */
import { type ClusterIp, multicastMac } from '../../../lib/network/cluster-ip'
import { type OcfEnvironment } from '../../../lib/ocf'
import { type Values } from '../agent'

const TABLE = 'ocf-ts-IPaddr2'

/** What the configuration makes of the address on an interface. */
export function sharedAddress(values: Values, { cloneMax = 1 }: OcfEnvironment, name: string): ClusterIp {
  const { ip, mac, clusterip_hash_seed: seed, clusterip_table: table, clusterip_chain: chain } = values
  return {
    address: ip,
    interface: name,
    total: cloneMax,
    seed,
    table: table || TABLE,
    chain: chain || `vip-${ip.text.replaceAll(':', '_')}`,
    mac: values.clusterip_mac_mangle ? mac.replaceAll('-', ':').toLowerCase() || multicastMac(ip) : undefined,
  }
}
