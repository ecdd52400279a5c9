// Videos and the overview of shops: what is read after each thing that a person does with them.
import { base, given, run, visitor } from './browser.mjs'
import { drawerClose, figures, fileOf, heads, rows, settled } from './lists.mjs'

const tableOf = (page, name) =>
  page.$$eval(`[${name}]`, (all, attribute) => all.map((row) => [row.getAttribute(attribute), ...[...row.children].map((cell) => cell.textContent.trim())]), name)

async function videos(page, read) {
  await page.goto(`${base}/videos?${given.period}`)
  await page.waitForSelector('[data-row]')
  await settled(page)
  read.first = { rows: await rows(page), heads: await heads(page), period: await page.textContent('[data-period]'), asOf: await page.textContent('[data-as-of]') }
  await page.click('[data-column=plays] .list-sort')
  await settled(page)
  read.byPlays = await rows(page)
  await page.click('[data-column=likes] .list-sort', { modifiers: ['Shift'] }) // a ranking has one order
  await settled(page)
  await page.click('[data-column=likes] .list-sort')
  await settled(page)
  read.fewLikes = { rows: await rows(page), address: page.url() }
  await page.click('label:has-text("按消耗日")')
  await settled(page)
  await page.click('.el-checkbox:has-text("按店铺分开")')
  await settled(page)
  read.split = { rows: await rows(page), heads: await heads(page) }
  read.file = await fileOf(page, 'csv')

  await page.goto(`${base}/videos?${given.period}&open=${given.item}/CNY`)
  await page.waitForSelector('[data-video-order]')
  await settled(page)
  read.open = {
    figures: await figures(page, '.order-drawer'),
    provenance: await page.textContent('.order-drawer [data-provenance]'),
    shops: await tableOf(page, 'data-video-shop'),
    orders: await tableOf(page, 'data-video-order'),
    more: await page.isVisible('.order-drawer button:has-text("更多")'),
  }
  if (read.open.more) {
    await page.click('.order-drawer button:has-text("更多")')
    await settled(page)
    read.open.orders = await tableOf(page, 'data-video-order')
  }
  await page.click('.order-drawer a:has-text("在投放订单里查看")')
  await page.waitForSelector('.orders-status')
  await settled(page)
  read.among = { rows: await rows(page), path: new URL(page.url()).pathname }
  await page.goBack()
  await page.waitForSelector('[data-video-order]')
  await page.click('[data-video-order] a')
  await page.waitForSelector('.order-drawer .order-facts')
  read.oneOrder = new URL(page.url()).searchParams.get('open')
  await drawerClose(page)
}

async function overview(page, read) {
  await page.goto(`${base}/overview?${given.period}`)
  await page.waitForSelector('[data-row]')
  await settled(page)
  read.shops = { rows: await rows(page), heads: await heads(page), totals: await figures(page, '.overview-together'), provenance: await page.textContent('.overview-together [data-provenance]') }
  read.shopsFile = await fileOf(page, 'csv')
  await page.click('label:has-text("按消耗日")')
  await settled(page)
  read.spent = await figures(page, '.overview-together')
  await page.click('label:has-text("按下单日")')
  await settled(page)
  await page.click('[data-column=videos] .list-sort')
  await settled(page)
  read.byVideos = await rows(page)
  await page.click('.list-open >> nth=0')
  await page.waitForSelector('.overview-all [data-figure]')
  await page.waitForSelector('.trend-turn')
  await settled(page)
  await page.click('.trend-turn')
  read.one = {
    shop: new URL(page.url()).searchParams.get('shop'),
    title: await page.textContent('h1'),
    board: await page.$$eval('.overview-cards .figure', (all) =>
      all.map((one) => [
        one.querySelector('[data-figure]').dataset.figure,
        one.querySelector('[data-figure]').textContent.trim(),
        one.querySelector('.figure-change > [aria-hidden]')?.textContent.replace(/\s+/g, ' ').trim() ?? null,
      ]),
    ),
    all: await figures(page, '.overview-all'),
    trend: await page.$$eval('.trend-table tbody tr', (all) => all.map((row) => [...row.children].map((cell) => cell.textContent.trim()))),
    videos: await tableOf(page, 'data-video'),
    asOf: await page.textContent('[data-as-of]'),
  }
  await page.click('[data-video] a')
  await page.waitForSelector('.order-drawer [data-video-shop]')
  read.videoOfShop = await tableOf(page, 'data-video-shop')
  await page.goBack()
  await page.waitForSelector('.overview-all [data-figure]')
  await page.click('text=← 全部店铺')
  await page.waitForSelector('.overview-together')
  read.back = new URL(page.url()).searchParams.get('shop')
}

await run(async (browser) => {
  const page = await visitor(browser, { as: given.as })
  const read = {}
  await videos(page, read)
  await overview(page, read)
  return read
})
