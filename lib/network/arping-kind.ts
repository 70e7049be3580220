/** Two programs are called arping: that of iputils, and one based on libnet (Debian's package arping). */
import { type Deadline } from '../ocf'
import { runProgram } from '../system/run-program'

export type ArpingKind = 'iputils_arping' | 'libnet_arping'

/** Which one a text about its version, or its usage, is of: busybox's takes the options of iputils. */
export function arpingKindOf(text: string): ArpingKind {
  return /\bHabets\b/.test(text) ? 'libnet_arping' : 'iputils_arping'
}

/**
 * Which one is installed.
 *
 * @throws OcfError ERR_INSTALLED when there is none
 */
export async function arpingKind(program: string, deadline: Deadline): Promise<ArpingKind> {
  const { stdout, stderr } = await runProgram(program, ['-V'], { deadline })
  return arpingKindOf(stdout + stderr)
}
