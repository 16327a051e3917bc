/** Texts as a Korean catalogue has them: words of two syllables, some of them far more frequent than others. */

const first = '가나다라마바사아자차고노도로모보소오조초구누두루무부수우주추기니디리미비시이지치'
const second = '간난단란만반산안잔찬강낭당랑망방상앙장창각낙닥락막박삭악작착갈날달랄말발살알잘찰'

/** All of them; the most frequent is about 190 times as frequent as the rarest. */
export const words = Array.from(second).flatMap((last) => Array.from(first, (head) => head + last))

/** SQL for `count` random words between spaces; the square makes the early syllables frequent. */
export function sqlText(count: number): string {
  const pick = (syllables: string) => `substr('${syllables}', 1 + floor(${syllables.length} * random() ^ 2)::int, 1)`
  return Array.from({ length: count }, () => `${pick(first)} || ${pick(second)}`).join(` || ' ' || `)
}
