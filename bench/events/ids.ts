/** Ids by number, so that rows and events can be made in different places and fit together. */
export function contentIdOf(number: number): string {
  return `00000000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`
}
