import { createApp } from 'vue'
import { createRouter, createWebHistory } from 'vue-router'
import './style.css'
import { routes } from './page/pages'
import App from './shell/App.vue'
import { begin } from './state/me'

// The question who asks and the page's own chunk are under way at the same time.
void begin()
const router = createRouter({ history: createWebHistory(), routes, scrollBehavior: (_to, _from, saved) => saved ?? {} })
createApp(App).use(router).mount('#app')
