/** What `pg` does while it loads that an agent has no use for, and that is felt in every monitor. */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Plugin } from 'esbuild'

export const leanPg: Plugin = {
  name: 'lean-pg',
  setup(build) {
    // To find out whether it runs in a Cloudflare Worker, pg makes a `Response`, and with the first use of that name
    // Node loads all of its fetch: 19 of the 26 ms of CPU that loading pg costs. Where neither name stands for
    // anything, the answer is no.
    build.onLoad({ filter: /\/node_modules\/pg\/lib\/stream\.js$/ }, ({ path }) => ({
      contents: `var navigator, Response\n${readFileSync(path, 'utf8')}`,
      loader: 'js',
    }))

    // Node's crypto (2.5 ms) serves only password authentication: it is loaded when a server asks for a password.
    build.onResolve({ filter: /^\.\/crypto\/(sasl|utils)$/ }, ({ path, importer }) =>
      !/\/node_modules\/pg\/lib\/client\.js$/.test(importer)
        ? undefined
        : { path: resolve(dirname(importer), path), namespace: 'lazy-module' },
    )
    build.onLoad({ filter: /.*/, namespace: 'lazy-module' }, ({ path }) => ({
      contents: `module.exports = new Proxy({}, { get: (_, name) => require(${JSON.stringify(path)})[name] })`,
      loader: 'js',
      resolveDir: dirname(path),
    }))
  },
}
