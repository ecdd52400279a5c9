// What stands on Today, as it is read, for each of the given questions.
import { base, figuresStand, given, rests, run, visitor } from './browser.mjs'

await run(async (browser) => {
  const read = []
  for (const { query, language } of given.questions) {
    const page = await visitor(browser, { language, as: given.as })
    await page.goto(`${base}/?${query}`)
    await figuresStand(page)
    await rests(page)
    read.push(
      await page.evaluate(() => {
        const text = (selector) => document.querySelector(selector)?.textContent.trim() ?? null
        const figures = [...document.querySelectorAll('.figure')].map((one) => ({
          key: one.querySelector('[data-figure]').dataset.figure,
          name: one.querySelector('.figure-name').textContent.trim(),
          value: one.querySelector('[data-figure]').textContent.trim(),
          change: one.querySelector('.figure-change > [aria-hidden]')?.textContent.replace(/\s+/g, ' ').trim() ?? null,
        }))
        const needs = [...document.querySelectorAll('[data-need]')].map((one) => one.dataset.need)
        return { figures, needs, asOf: text('[data-as-of]'), period: text('[data-period]'), provenance: text('[data-provenance]'), title: document.title }
      }),
    )
    await page.click('.trend-turn')
    read.at(-1).trend = await page.$$eval('.trend-table tbody tr', (rows) =>
      rows.map((row) => [...row.children].map((cell) => cell.textContent.trim())),
    )
    await page.context().close()
  }
  return read
})
