import { words } from '@/form/words'

export const say = words({
  title: ['设置', 'Settings'],
  lead: ['此进程当前采用的选项。它们在主目录的 huiliu.yaml、.env 或环境变量中修改，不在这里。', 'The options that hold in this process. They are changed in huiliu.yaml or .env of its home, or in the environment, not here.'],
  search: ['名称、说明或取值', 'Name, meaning or value'],
  searchLabel: ['查找选项', 'Look for an option'],
  onlySet: ['只看改过的', 'Only what was set'],
  found: ['{found} / {all} 项', '{found} of {all}'],
  none: ['没有这样的选项', 'There is no such option'],
  option: ['选项', 'Option'],
  value: ['取值', 'Value'],
  origin: ['来自', 'From'],
  holds: ['修改后', 'A change holds'],
  notSet: ['未设置', 'not set'],
  hidden: ['已隐藏', 'hidden'],
  default: ['默认值', 'default'],
  environment: ['环境变量', 'environment'],
  restart: ['重启后生效', 'after a restart'],
  reload: ['重新读取后生效', 'after reading anew'],
  how: ['“重新读取”：向进程发送 SIGHUP，例如 `systemctl reload`；“重启”：`huiliu service restart`。', 'Reading anew: SIGHUP to the process, as `systemctl reload` sends it. A restart: `huiliu service restart`.'],
})
