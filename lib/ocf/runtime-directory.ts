/**
 * The directory of root's for what one action leaves for a later one; empty after each start of the machine
 * (`HA_RSCTMP`, resource agents' developer guide).
 */
export function runtimeDirectory(): string {
  const configured = process.env['HA_RSCTMP'] ?? ''
  return configured.startsWith('/') ? configured : '/run/resource-agents'
}
