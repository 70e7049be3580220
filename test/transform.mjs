/** Makes TypeScript and ES modules readable for jest, with the esbuild that makes the agents too. */
import { transformSync } from 'esbuild'

export default {
  /**
   * @param {string} source
   * @param {string} path
   */
  process(source, path) {
    const { code } = transformSync(source, {
      sourcefile: path,
      loader: path.endsWith('.ts') ? 'ts' : 'js',
      format: 'cjs',
      target: 'node18',
      // jest loads modules by `require` only.
      supported: { 'dynamic-import': false },
      sourcemap: 'inline',
    })
    return { code }
  },
}
