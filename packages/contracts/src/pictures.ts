/** The address of a stored picture, as it stands in every response: nginx serves it from there. */
export function pictureUrl(key: string): string {
  return `/media/${key}`
}
