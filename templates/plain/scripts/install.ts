/** `npm run install-agent`: into the cluster's directory of agents, as root; OCF_ROOT is another one. */
import { installAgent } from 'ocf-ts/build'

const [path = 'dist/@NAME@'] = process.argv.slice(2)

try {
  process.stdout.write(`installed ${installAgent({ path, provider: '@PROVIDER@' })}\n`)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
