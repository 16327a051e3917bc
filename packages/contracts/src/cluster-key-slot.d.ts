/** The package brings no types. */
declare module 'cluster-key-slot' {
  /** The hash slot, 0 to 16383, in which Redis Cluster keeps a key. */
  export default function slotOf(key: string): number
}
