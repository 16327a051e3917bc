/** Where nginx serves pictures. */

export function mediaUrl(key: string): string {
  return `/media/${key}`
}

/** A content always shows something. */
export function thumbnailUrl(key: string | null): string {
  return key === null ? '/no-thumbnail.svg' : mediaUrl(key)
}
