// What stands on the pages of trade: figures by currency, heads and rows of tables, at each address that is given.
import { base, given, rests, run, visitor } from './browser.mjs'

await run(async (browser) => {
  const pages = {}
  const reads = []
  for (const { path, language } of given.asks) {
    const page = (pages[language] ??= await visitor(browser, { language, as: given.as }))
    await page.goto(base + path)
    await page.waitForSelector('.business')
    await page.waitForTimeout(150)
    await rests(page)
    reads.push(
      await page.evaluate(() => ({
        totals: [...document.querySelectorAll('[data-currency]')].map((card) => ({
          currency: card.dataset.currency,
          figures: Object.fromEntries([...card.querySelectorAll('[data-figure]')].map((one) => [one.dataset.figure, one.textContent.trim()])),
        })),
        heads: [...document.querySelectorAll('.rows-table thead th')].map((head) => head.dataset.column),
        rows: [...document.querySelectorAll('[data-row]')].map((row) => ({ key: row.dataset.row, cells: [...row.children].map((cell) => cell.textContent.trim()) })),
        tops: Object.fromEntries([...document.querySelectorAll('[data-top]')].map((top) => [top.dataset.top, [...top.querySelectorAll('tbody tr')].map((row) => [...row.children].map((cell) => cell.textContent.trim()))])),
        places: [...document.querySelectorAll('[data-place]')].map((place) => ({
          name: (place.querySelector('strong') ?? place.querySelector('th')).textContent.trim(),
          figure: place.querySelector('[data-figure]').textContent.trim(),
        })),
        period: document.querySelector('[data-period]')?.textContent ?? '',
        text: document.querySelector('.business').textContent,
      })),
    )
  }
  return reads
})
