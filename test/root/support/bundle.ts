/** An agent's executable, built into a directory of the test's from the sources as they are. */
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { type Agent } from '../../../lib/ocf'
import { metadataXml } from '../../../lib/ocf/metadata'

const REPOSITORY = join(__dirname, '../../..')

export async function bundleInto<P extends Agent['parameters']>(
  directory: string,
  agent: Agent<P>,
): Promise<string> {
  const outfile = join(directory, agent.name)
  await build({
    entryPoints: [join(REPOSITORY, 'agents', agent.name, 'main.ts')],
    absWorkingDir: REPOSITORY,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node18',
    banner: { js: `#!${process.execPath}` },
    external: ['pg', 'execa'],
    plugins: [
      {
        // The generated file may be older than the definition.
        name: 'metadata',
        setup: (builder) => {
          builder.onResolve({ filter: /metadata\/.*\.xml$/ }, ({ path }) => ({ path, namespace: 'metadata' }))
          builder.onLoad({ filter: /.*/, namespace: 'metadata' }, () => ({
            contents: metadataXml(agent),
            loader: 'text',
          }))
        },
      },
    ],
    outfile,
    logLevel: 'warning',
  })
  chmodSync(outfile, 0o755)
  return outfile
}
