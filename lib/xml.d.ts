/** The build puts the text of an XML file where it is imported (esbuild's `text` loader). */
declare module '*.xml' {
  const text: string
  export default text
}
