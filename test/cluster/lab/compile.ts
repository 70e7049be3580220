/** A program of the lab as one plain JavaScript file: it starts fast, and on every version of Node. */
import { basename, dirname, join } from 'node:path'
import { mustRun } from './command'

/** Bundles a TypeScript program into this directory; returns the file's path. */
export async function compileProgram(source: string, dir: string): Promise<string> {
  const esbuild = join(dirname(require.resolve('esbuild/package.json')), 'bin/esbuild')
  const outfile = join(dir, basename(source).replace(/\.ts$/, '.js'))
  await mustRun([
    ...[esbuild, source, '--bundle', '--platform=node', '--target=node18'],
    ...['--external:pg-native', '--log-level=warning', `--outfile=${outfile}`],
  ])
  return outfile
}
