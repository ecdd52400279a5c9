// build.mjs FOLDER: the two bare pages, by the Vite and the libraries of web/, into FOLDER.
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const web = createRequire(new URL('../../../web/package.json', import.meta.url))
const { build } = await import(new URL('./dist/node/index.js', `file://${web.resolve('vite/package.json')}`))
const here = fileURLToPath(new URL('.', import.meta.url))
const modules = fileURLToPath(new URL('../../../web/node_modules/', import.meta.url))
await build({
  root: here,
  base: './',
  configFile: false,
  logLevel: 'error',
  // Its sources lie beside the tests, its libraries beside the page.
  resolve: { alias: [{ find: /^(vue|element-plus)(?=$|\/)/, replacement: `${modules}$1` }] },
  build: {
    outDir: process.argv[2],
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 2000,
    rollupOptions: { input: [`${here}index.html`, `${here}one.html`] },
  },
})
