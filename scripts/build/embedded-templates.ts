/** The templates of `ocf-ts new-agent`, in the tool itself: installed, it is one file. */
import { type Plugin } from 'esbuild'
import { TEMPLATES } from '../../cli/new-agent/templates'

export const embeddedTemplates: Plugin = {
  name: 'embedded-templates',
  setup(build) {
    build.onLoad({ filter: /\/cli\/new-agent\/templates\.ts$/ }, () => ({
      contents: `export const TEMPLATES = ${JSON.stringify(TEMPLATES)}`,
      loader: 'js',
    }))
  },
}
