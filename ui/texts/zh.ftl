## The page

status-title = { $page }：{ $state }
overall-unknown = 状态未知
overall-operational = 所有系统运行正常
overall-maintenance = 正在维护
overall-degraded = 性能下降
overall-partial-outage = 部分服务中断
overall-major-outage = 严重服务中断
affected = { $all } 个组件中有 { $n } 个受影响
as-of = 截至 { $moment }
stale = 目前无法更新此页面。此处显示的是 { $moment }（{ $ago }前）的状态。
skip = 跳到正文
components = 组件
no-components = 此页面还没有组件。
current-incidents = 当前事件
maintenance-open = 正在进行的维护
maintenance-planned = 计划维护
past-incidents = 历史事件
no-incidents = 过去 { $n } 天没有事件。
history = 历史记录
back-to-status = 当前状态
subscribe = 订阅
calendar = 日历
powered-by = 由 Edgewatch 提供支持
times-in-utc = 时间为 UTC。
times-local = 时间为您所在的时区。
language = 语言

## States

state-unknown = 无数据
state-operational = 正常
state-maintenance = 维护
state-degraded = 性能下降
state-partial-outage = 部分中断
state-major-outage = 中断

## Components

days-ago = { $n } 天前
today = 今天
uptime = 可用率
uptime-days = { $n } 天可用率
uptime-month = 当月可用率
no-data = 无数据
not-yet = 尚未监测
bar-hint = { $component }：过去 { $n } 天。可用方向键选择日期。
bar-hint-month = { $component }：本月各天。可用方向键选择日期。
down-for = 中断 { $length }
degraded-for = 性能下降 { $length }
maintenance-for = 维护 { $length }
bar-clean = 没有中断
bar-down-days = { $n } 天有中断
group-count = { $n } 个组件
latency = 响应时间（过去 24 小时）
latency-median = 中位数 { $value }
latency-p95 = 第 95 百分位 { $value }
regions = 区域

## Incidents

incident = 事件
incident-of = { $components } 中断
stage-investigating = 调查中
stage-identified = 已确定原因
stage-monitoring = 观察中
stage-resolved = 已解决
impact-none = 无影响
impact-minor = 轻微影响
impact-major = 较大影响
impact-critical = 严重影响
affects = 影响：{ $components }
and-more = { $components } 等另外 { $n } 个
began = 开始于 { $moment }
lasts = 已持续 { $length }
lasted = 持续 { $length }
no-update = 尚未发布任何更新。
updates = 更新
from-to = { $from } 至 { $to }
ends = 至 { $moment }
under-way = 进行中

## History

history-title = { $page }：{ $month }历史记录
history-of = { $month }历史记录
month-before = 上个月
month-after = 下个月
no-incidents-month = 本月没有事件。
incidents = 事件
maintenance = 维护

## Service levels

service-levels = 服务水平
service-levels-title = { $page }：服务水平
sla-kept = 达标
sla-risk = 有风险
sla-below = 目前未达标
sla-broken = 未达标
sla-promise-month = 承诺 { $share }，按自然月
sla-promise-quarter = 承诺 { $share }，按季度
sla-promise-year = 承诺 { $share }，按年
sla-promise-days = 承诺 { $share }，最近 { $n } 天
sla-availability = 可用率
sla-strict = 严格值
sla-strict-hint = 计入维护与排除时间
sla-coverage = 覆盖率
sla-coverage-hint = 的时间已计入
sla-between = 介于 { $low } 与 { $high } 之间
sla-budget = 剩余额度
sla-budget-of = 共 { $total }
sla-overspent = 超出 { $length }
sla-best = 最好可达 { $share }
sla-so-far = { $window }，截至目前
sla-quarter = { $year }年第 { $n } 季度
sla-bars = { $sla }：{ $n } 个周期，由早到晚。可用方向键选择。
sla-window = 周期
sla-down = 中断
sla-table = 全部数据
sla-excluded = 排除的时间
sla-none-excluded = 没有排除任何时间。
sla-reports = 报告
sla-bundle = 验证数据
sla-verify = 如何验证
sla-verify-hint = 每次检测都在其执行处签名。凭借报告的验证数据，任何人无需询问我们即可重新计算其中的数值。
sla-verify-link = 验证数据包
sla-log-key = 日志的公钥
sla-maintenance-excluded = 维护时间不计入。
sla-maintenance-counted = 维护时间按实际测量计入。
sla-unknown-excluded = 没有测量的时间不计入。
sla-unknown-available = 没有测量的时间视为可用。
sla-unknown-unavailable = 没有测量的时间视为中断。
sla-degraded-unavailable = 性能下降的时间视为中断。
sla-zone = 每天按 { $zone } 起止。
sla-policy = 版本 { $n }，规则的 SHA-256

## Doors and dead ends

password-title = 此页面不公开
password-hint = 请输入密码查看。
password = 密码
password-wrong = 密码不正确。
password-too-often = 错误次数过多，请几分钟后再试。
open = 打开
sign-in-hint = 只有已登录的用户可以查看。
sign-in = 登录
not-found-title = 页面不存在
not-found-hint = 此地址没有状态页面，或已被移除。
not-found-incident = 此事件不存在，或不再公开。

## Badges

badge-status = 状态
badge-uptime = { $n } 天可用率
badge-latency = 响应时间
badge-up = 正常
badge-maintenance = 维护
badge-degraded = 性能下降
badge-partial-outage = 部分中断
badge-major-outage = 中断
badge-unknown = 未知

## Figures and moments

percent = { $value }%
decimal = .
separator = 、
less-than-a-minute = 不到 1 分钟
length-minutes = { $n } 分钟
length-hours = { $n } 小时
length-days = { $n } 天
length-two = { $large } { $small }
date = { $year }年{ $month }{ $day }日
date-short = { $month }{ $day }日
month-year = { $year }年{ $month }
moment = { $date } { $time } UTC
month-1 = 1月
month-2 = 2月
month-3 = 3月
month-4 = 4月
month-5 = 5月
month-6 = 6月
month-7 = 7月
month-8 = 8月
month-9 = 9月
month-10 = 10月
month-11 = 11月
month-12 = 12月
short-month-1 = 1月
short-month-2 = 2月
short-month-3 = 3月
short-month-4 = 4月
short-month-5 = 5月
short-month-6 = 6月
short-month-7 = 7月
short-month-8 = 8月
short-month-9 = 9月
short-month-10 = 10月
short-month-11 = 11月
short-month-12 = 12月

## Subscriptions

subscribe-title = 订阅 { $page }
subscribe-hint = 有事件发生和结束时，您都会收到消息。
channel = 方式
channel-email = 电子邮件
channel-webhook = Webhook
channel-slack = Slack
email-address = 电子邮件地址
webhook-url = Webhook 的 URL
slack-url = 传入 Webhook 的 URL
which-components = 哪些组件
which-components-hint = 不选择任何组件即可了解全部组件的情况。
sent-title = 还差一步
sent-hint = 消息已发出。请打开其中的链接进行确认，链接 24 小时内有效。
confirm-title = 确认订阅
confirm-hint = { $target } 将收到 { $page } 的消息。
confirm = 确认
confirmed-title = 订阅成功
confirmed-hint = { $target } 将收到 { $page } 的消息。
secret-hint = 消息使用此密钥签名。密钥仅显示这一次。
manage-title = 您的订阅
manage-hint = { $target } 会收到的内容。
save = 保存
saved = 已保存。
unsubscribe = 取消订阅
ended-title = 已取消订阅
ended-hint = 不会再发送任何消息。
link-invalid-title = 此链接已失效
link-invalid-hint = 请重新订阅以获取新的链接。
subscribe-email-invalid = 这不是电子邮件地址。
subscribe-url-invalid = 无法向此 URL 发送消息。它必须以 https:// 开头。
subscribe-url-silent = 该 URL 必须原样返回发送给它的质询。
subscribe-url-known = 此 URL 已订阅。
subscribe-too-often = 请求过多，请稍后再试。
subscribe-full = 此页面不再接受新的订阅。
subscribe-off = 此页面不接受此类订阅。

## Messages to subscribers

mail-confirm-subject = 请确认您对 { $page } 的订阅
mail-confirm = 有人（可能是您）请求将 { $page } 的消息发送到这里。请打开此链接进行确认：
mail-confirm-ignore = 如果不是您，请忽略此消息，之后不会再收到其他消息。
mail-known = 此地址已订阅 { $page }。您可以在这里更改或取消：
mail-why = 您收到此消息是因为您订阅了 { $page }。
mail-manage = 更改或取消订阅
see-page = 查看状态页
notice-headline = { $title }：{ $state }
notice-resolved = 已解决：{ $moment }
notice-reopened = 事件再次持续。
notice-announced = 计划维护
notice-begun = 维护已开始
notice-ended = 维护已结束
notice-cancelled = 维护已取消
