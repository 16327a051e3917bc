/**
 * The whole list of errors a client can see: code -> status and words, in the public error body.
 * Nothing else's message ever reaches a client.
 */
export const errors = {
  INVALID_REQUEST: [400, '요청 값이 올바르지 않습니다.'],
  MALFORMED_JSON: [400, '요청 본문이 올바른 JSON이 아닙니다.'],
  SELF_FOLLOW: [400, '자기 자신을 팔로우할 수 없습니다.'],
  SELF_CONVERSATION: [400, '자기 자신과는 대화할 수 없습니다.'],
  UNAUTHENTICATED: [401, '로그인이 필요합니다.'],
  INVALID_CREDENTIALS: [401, '이메일 또는 비밀번호가 올바르지 않습니다.'],
  ACCOUNT_LOCKED: [401, '잠긴 계정입니다.'],
  INVALID_TOKEN: [401, '유효하지 않은 토큰입니다.'],
  SESSION_ENDED: [401, '세션이 종료되었습니다. 다시 로그인해 주세요.'],
  FORBIDDEN: [403, '권한이 없습니다.'],
  CSRF_MISMATCH: [403, 'CSRF 토큰이 일치하지 않습니다.'],
  ORIGIN_NOT_ALLOWED: [403, '허용되지 않은 출처입니다.'],
  ROUTE_NOT_FOUND: [404, '존재하지 않는 경로입니다.'],
  USER_NOT_FOUND: [404, '사용자를 찾을 수 없습니다.'],
  CONTENT_NOT_FOUND: [404, '콘텐츠를 찾을 수 없습니다.'],
  REVIEW_NOT_FOUND: [404, '리뷰를 찾을 수 없습니다.'],
  PLAYLIST_NOT_FOUND: [404, '플레이리스트를 찾을 수 없습니다.'],
  FOLLOW_NOT_FOUND: [404, '팔로우를 찾을 수 없습니다.'],
  CONVERSATION_NOT_FOUND: [404, '대화를 찾을 수 없습니다.'],
  MESSAGE_NOT_FOUND: [404, '메시지를 찾을 수 없습니다.'],
  NOTIFICATION_NOT_FOUND: [404, '알림을 찾을 수 없습니다.'],
  DESTINATION_NOT_FOUND: [404, '존재하지 않는 목적지입니다.'],
  SOCIAL_PROVIDER_NOT_FOUND: [404, '사용할 수 없는 소셜 로그인입니다.'],
  METHOD_NOT_ALLOWED: [405, '허용되지 않은 메서드입니다.'],
  EMAIL_TAKEN: [409, '이미 사용 중인 이메일입니다.'],
  REVIEW_ALREADY_EXISTS: [409, '이미 리뷰를 작성한 콘텐츠입니다.'],
  ALREADY_FOLLOWING: [409, '이미 팔로우한 사용자입니다.'],
  CONTENT_ALREADY_EXISTS: [409, '이미 등록된 콘텐츠입니다.'],
  IDEMPOTENCY_CONFLICT: [409, '같은 Idempotency-Key의 요청이 처리 중이거나 내용이 다릅니다.'],
  PAYLOAD_TOO_LARGE: [413, '요청 본문이 너무 큽니다.'],
  UNSUPPORTED_MEDIA_TYPE: [415, '지원하지 않는 형식입니다.'],
  TOO_MANY_REQUESTS: [429, '요청이 너무 많습니다. 잠시 후 다시 시도해 주세요.'],
  INTERNAL: [500, '서버 오류가 발생했습니다.'],
  UNAVAILABLE: [503, '일시적으로 이용할 수 없습니다. 잠시 후 다시 시도해 주세요.'],
  TIMEOUT: [504, '응답 시간이 초과되었습니다. 잠시 후 다시 시도해 주세요.'],
} as const

export type ErrorCode = keyof typeof errors

/** The public error body of REST, and of a STOMP ERROR frame. `details` maps a field to the rule it breaks, never to a value. */
export type ErrorBody = { exceptionName: ErrorCode; message: string; details: Record<string, string> }

export function errorBody(code: ErrorCode, details: Record<string, string> = {}): ErrorBody {
  return { exceptionName: code, message: errors[code][1], details }
}

export function errorStatus(code: ErrorCode): (typeof errors)[ErrorCode][0] {
  return errors[code][0]
}

/** Thrown where the truth is known, translated in one place per transport. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly details: Record<string, string>
  /** Seconds after which trying again makes sense; becomes `Retry-After`. */
  readonly retryAfterSeconds: number | undefined

  constructor(
    code: ErrorCode,
    details: Record<string, string> = {},
    retryAfterSeconds?: number,
    options?: ErrorOptions,
  ) {
    super(code, options)
    this.code = code
    this.details = details
    this.retryAfterSeconds = retryAfterSeconds
  }
}
