/** Bun gives the path of what is imported `with { type: 'file' }`, and copies the file beside a bundle. */
declare module 'swagger-ui-dist/swagger-ui-bundle.js' {
  const path: string
  export default path
}
declare module 'swagger-ui-dist/swagger-ui.css' {
  const path: string
  export default path
}
