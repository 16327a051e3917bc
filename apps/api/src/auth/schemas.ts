/** What comes in and goes out of sign-in and refresh. */
import * as v from 'valibot'
import { Storable } from '../http/text.ts'
import { UserDto } from '../users/schemas.ts'

/** Whatever is too short or too long is simply a wrong password, not an invalid one. */
export const SignIn = v.object({ username: v.pipe(Storable, v.trim()), password: v.string() })
export type SignIn = v.InferOutput<typeof SignIn>

export const PasswordReset = v.object({ email: v.pipe(Storable, v.trim(), v.email()) })

/** The cookie as the document shows it; what is in it is nobody's business but ours. */
export const RefreshCookie = v.object({ REFRESH_TOKEN: v.string() })

export const JwtDto = v.object({ userDto: UserDto, accessToken: v.string() })
export type JwtDto = v.InferOutput<typeof JwtDto>
