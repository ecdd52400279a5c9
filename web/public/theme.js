// Before the first paint, so that nobody who works in the dark is blinded by a white one. state/theme.ts goes on from here.
;(function () {
  var chosen = null
  try {
    chosen = localStorage.getItem('huiliu.theme')
  } catch (_) {
    // Storage is closed to us: the system's word holds.
  }
  var dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.classList.toggle('dark', dark)
})()
