// The sync centre: what it says of each stream, and what each of its buttons does.
import { base, given, rests, run, shot, visitor } from './browser.mjs'
import { press, said } from './said.mjs'

async function settled(page) {
  await page.waitForTimeout(80)
  await rests(page)
}
await run(async (browser) => {
  const page = await visitor(browser, { as: given.as })
  const read = {}
  await page.goto(`${base}/syncs`)
  await page.waitForSelector('[data-strip]')
  await settled(page)
  read.streams = await page.$$eval('[data-stream]', (all) =>
    all.map((one) => ({
      key: one.dataset.stream,
      complete: one.querySelector('[data-complete]').textContent.trim(),
      rows: one.querySelector('[data-rows]').textContent.trim(),
      late: one.querySelector('[data-late]')?.textContent.trim() ?? null,
      tags: [...one.querySelectorAll('.tag')].map((tag) => tag.textContent.trim()),
      strip: [...one.querySelectorAll('.strip-bar span')].map((part) => part.className),
      heard: one.querySelector('.strip-bar')?.getAttribute('aria-label') ?? null,
    })),
  )
  await shot(page, 'syncs-zh-light')

  // --- asking, each way ---
  await press(page, '.page-actions', '同步')
  read.all = await said(page)
  await page.waitForSelector('[data-running] [data-sync]')
  read.waits = await page.textContent('[data-running] [data-sync] .stream-late')
  await press(page, `[data-shop="${given.shop}"]`, '同步')
  read.one = await said(page)
  const ask = async (mode, fill) => {
    await press(page, '.page-actions', '其他方式')
    await page.selectOption('.ask-dialog [name=mode]', mode)
    await page.selectOption('.ask-dialog [name=shop]', given.shop)
    await fill()
    await page.click('.ask-dialog button[type=submit]')
    await page.waitForSelector('.ask-dialog', { state: 'hidden' })
    return said(page)
  }
  read.range = await ask('range', async () => {
    await page.fill('.ask-dialog [name=from]', given.from)
    await page.fill('.ask-dialog [name=to]', given.to)
    await page.selectOption('.ask-dialog [name=by]', 'created')
  })
  read.order = await ask('order', () => page.fill('.ask-dialog [name=ids]', given.orders.join('\n')))
  read.full = await ask('full', async () => undefined)

  // --- taking back ---
  await page.click('[data-view=runs]')
  await settled(page)
  read.runs = await page.$$eval('[data-sync]', (all) => all.map((one) => [one.dataset.sync, one.dataset.state]))
  await press(page, '[data-sync] >> nth=0', '取消同步')
  await page.click('.confirm button[type=submit]')
  read.cancelled = await said(page)
  await settled(page)
  await page.waitForSelector('[data-sync][data-state=cancelled]')
  await shot(page, 'syncs-runs-zh-light')

  // --- pauses ---
  await page.click('[data-view=streams]')
  await press(page, `[data-shop="${given.shop}"]`, '暂停')
  read.paused = await said(page)
  await page.waitForSelector(`[data-hold="${given.shop}"]`)
  await press(page, '.page-actions', '全部暂停')
  await page.click('.confirm button[type=submit]')
  read.pausedAll = await said(page)
  await page.waitForSelector('[data-hold=all]')
  await press(page, `[data-hold="${given.shop}"]`, '恢复')
  read.resumedStill = await said(page)
  await page.waitForSelector(`[data-hold="${given.shop}"]`, { state: 'detached' })
  await press(page, '[data-hold=all]', '恢复')
  read.resumed = await said(page)
  await page.waitForSelector('[data-hold]', { state: 'detached' })

  // --- windows and evidence ---
  await page.locator(`[data-stream="${given.stream}"]`).locator('button', { hasText: '窗口与证据' }).click()
  await page.waitForSelector('[data-window]')
  await settled(page)
  const windows = () => page.$$eval('[data-window]', (all) => all.map((row) => [row.dataset.window, row.children[2].textContent.trim(), row.children[3].textContent.trim(), row.children[5].textContent.trim()]))
  read.windows = await windows()
  await page.selectOption('[name=window-state]', 'unproved')
  await settled(page)
  read.unproved = await windows()
  await page.fill('[name=evidence-from]', given.from)
  await page.fill('[name=evidence-to]', given.to)
  await page.click('.stream-drawer button[type=submit]')
  read.evidence = await page.textContent('[data-evidence]')
  await page.click('.stream-drawer summary')
  read.raw = await page.textContent('.stream-drawer pre')
  await shot(page, 'syncs-drawer-zh-light', false)
  await press(page, '.stream-drawer', '重新拉取这段')
  read.rangeHere = await said(page)
  await page.keyboard.press('Escape')
  await page.waitForSelector('.stream-drawer', { state: 'detached' })

  // --- tasks that have given up ---
  await page.click('[data-view=tasks]')
  await page.waitForSelector('[data-task]')
  read.dead = await page.$$eval('[data-task]', (all) => all.map((one) => one.dataset.task))
  await shot(page, 'syncs-tasks-zh-light')
  await press(page, `[data-task="${read.dead[0]}"]`, '重试')
  read.retried = await said(page)
  await page.waitForSelector(`[data-task="${read.dead[0]}"]`, { state: 'detached' })
  await press(page, `[data-task="${read.dead[1]}"]`, '移除')
  await page.click('.confirm button[type=submit]')
  read.removed = await said(page)
  await page.waitForSelector(`[data-task="${read.dead[1]}"]`, { state: 'detached' })
  await page.selectOption('[name=task-state]', 'ready')
  await page.waitForSelector('[data-task]')
  read.ready = await page.$$eval('[data-task]', (all) => all.map((one) => one.dataset.task))

  // --- rejects ---
  await page.click('[data-view=rejects]')
  await page.waitForSelector('[data-reject]')
  read.rejects = await page.$$eval('[data-reject]', (all) => all.map((row) => ({ id: row.dataset.reject, cells: [...row.children].map((cell) => cell.textContent.trim()), off: row.querySelector('td:last-child button').disabled })))
  await shot(page, 'syncs-rejects-zh-light')
  if (given.replay) {
    await press(page, `[data-reject="${given.replay}"]`, '重放')
    read.replayed = await said(page)
  }

  // --- executions, schedules ---
  await page.click('[data-view=tries]')
  await page.waitForSelector('[data-try]')
  read.tries = await page.$$eval('[data-try]', (all) => all.map((row) => [row.dataset.try, ...[4, 5, 6].map((at) => row.children[at].textContent.trim())]))
  await page.selectOption('[name=result]', 'dead')
  await settled(page)
  read.triesDead = await page.$$eval('[data-try]', (all) => all.map((row) => row.dataset.try))
  await page.click('[data-view=schedules]')
  await settled(page)
  read.schedules = await page.$$eval('[data-schedule]', (all) => all.map((row) => row.dataset.schedule))
  await shot(page, 'syncs-schedules-zh-light')
  return read
})
