// Components of Element Plus that the shell and the first page need, each with its own style sheet. What only other pages need
// stands in element-more.ts, so that it comes with them.
import 'element-plus/es/components/base/style/css.mjs'
import 'element-plus/theme-chalk/dark/css-vars.css'
import 'element-plus/es/components/button/style/css.mjs'
import 'element-plus/es/components/dropdown/style/css.mjs'
import 'element-plus/es/components/dropdown-item/style/css.mjs'
import 'element-plus/es/components/dropdown-menu/style/css.mjs'
import 'element-plus/es/components/input/style/css.mjs'
import 'element-plus/es/components/message/style/css.mjs'
import 'element-plus/es/components/option/style/css.mjs'
import 'element-plus/es/components/select/style/css.mjs'

export { ElButton } from 'element-plus/es/components/button/index.mjs'
export { ElConfigProvider } from 'element-plus/es/components/config-provider/index.mjs'
export { ElDropdown, ElDropdownItem, ElDropdownMenu } from 'element-plus/es/components/dropdown/index.mjs'
export { ElInput } from 'element-plus/es/components/input/index.mjs'
export { ElMessage } from 'element-plus/es/components/message/index.mjs'
export { ElOption, ElSelect } from 'element-plus/es/components/select/index.mjs'
