import { installAgent } from 'ocf-ts/build'

try {
  process.stdout.write(`installed ${installAgent({ path: 'dist/@NAME@', provider: '@PROVIDER@' })}\n`)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
