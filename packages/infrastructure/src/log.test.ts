import { expect, test } from 'bun:test'

test('secrets never reach a line, wherever in a line they turn up', async () => {
  const program = `
    import { createLog } from '${import.meta.dir}/log.ts'
    const secret = 'hunter2'
    const log = createLog('probe', 'info')
    for (const field of ['password', 'accessToken', 'refreshToken', 'authorization', 'cookie', 'token'])
      log.info({ [field]: secret, request: { [field]: secret } }, 'sign in')`
  const child = Bun.spawn(['bun', '--no-env-file', '-e', program], { stdout: 'pipe' })
  const lines = (await child.stdout.text()).trim().split('\n')
  expect(lines).toHaveLength(6)
  for (const line of lines) expect(line).not.toContain('hunter2')
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 'info',
    app: 'probe',
    msg: 'sign in',
    password: '[redacted]',
  })
})
