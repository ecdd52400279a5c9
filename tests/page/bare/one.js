// The same with nothing of Element Plus but its button: the least that it can be.
import 'element-plus/es/components/base/style/css.mjs'
import 'element-plus/es/components/button/style/css.mjs'
import { ElButton } from 'element-plus/es/components/button/index.mjs'
import { createApp, h } from 'vue'

createApp({ render: () => h(ElButton, { 'data-figure': '' }, () => '0') }).mount('#app')
