import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

// What every page needs is one chunk that rarely changes; the rest comes with the page that uses it.
export default defineConfig({
  plugins: [vue()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    outDir: 'dist/site',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0, // the policy of src/api/page.c lets no script and no font come out of an address
    modulePreload: { polyfill: false }, // it would be an inline script
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1000,
  },
  server: { proxy: { '/api': process.env.HUILIU_DEV ?? 'http://127.0.0.1:8080' } },
})
