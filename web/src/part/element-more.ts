// Components of Element Plus that the first page does without (element.ts).
import 'element-plus/es/components/checkbox/style/css.mjs'
import 'element-plus/es/components/dialog/style/css.mjs'
import 'element-plus/es/components/drawer/style/css.mjs'
import 'element-plus/es/components/popover/style/css.mjs'

export { ElCheckbox } from 'element-plus/es/components/checkbox/index.mjs'
export { ElDialog } from 'element-plus/es/components/dialog/index.mjs'
export { ElDrawer } from 'element-plus/es/components/drawer/index.mjs'
export { ElPopover } from 'element-plus/es/components/popover/index.mjs'
