// An empty page of Vue and Element Plus, as both begin: everything of it, one button.
import ElementPlus, { ElButton } from 'element-plus'
import 'element-plus/dist/index.css'
import { createApp, h } from 'vue'

createApp({ render: () => h(ElButton, { 'data-figure': '' }, () => '0') }).use(ElementPlus).mount('#app')
