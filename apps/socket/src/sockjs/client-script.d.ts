declare module 'sockjs-client/dist/sockjs.min.js' {
  const source: string
  export default source
}
