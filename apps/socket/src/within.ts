/** A deadline for a wait that has none of its own. */
import { AppError } from '@mopl/contracts/errors'

/** @throws {AppError} UNAVAILABLE when `work` has not settled within `milliseconds`; the work itself goes on */
export async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new AppError('UNAVAILABLE', {}, 1)), milliseconds)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}
