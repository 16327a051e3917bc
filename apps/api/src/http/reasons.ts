/** Why a field was refused, in Korean, from the rule alone: valibot's own messages quote the value, which may be a password. */
import * as v from 'valibot'

/** Field (dotted path) -> the first rule it breaks. */
export function reasons(issues: readonly v.BaseIssue<unknown>[]): Record<string, string> {
  const found: Record<string, string> = {}
  for (const issue of issues) found[v.getDotPath(issue) ?? 'body'] ??= reasonFor(issue)
  return found
}

export function reasonFor(issue: v.BaseIssue<unknown>): string {
  if (issue.kind === 'schema' && issue.input === undefined) return '필수 값입니다.'
  switch (issue.type) {
    case 'string':
      return '문자열이어야 합니다.'
    case 'number':
      return '숫자여야 합니다.'
    case 'boolean':
      return 'true 또는 false여야 합니다.'
    case 'array':
      return '배열이어야 합니다.'
    case 'object':
      return '객체여야 합니다.'
    case 'picklist':
      return `다음 중 하나여야 합니다: ${issue.expected}`
    case 'uuid':
      return 'UUID 형식이어야 합니다.'
    case 'email':
      return '이메일 형식이어야 합니다.'
    case 'min_value':
      return `${String(issue.requirement)} 이상이어야 합니다.`
    case 'max_value':
      return `${String(issue.requirement)} 이하여야 합니다.`
    case 'max_length':
      return `${String(issue.requirement)}개를 넘을 수 없습니다.`
    // Our own checks carry their reason as a constant.
    case 'check':
      return issue.message
    default:
      return '올바르지 않은 값입니다.'
  }
}
