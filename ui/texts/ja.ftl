## The page

status-title = { $page }: { $state }
overall-unknown = 状態を確認できません
overall-operational = すべて正常に稼働しています
overall-maintenance = メンテナンス中です
overall-degraded = パフォーマンスが低下しています
overall-partial-outage = 一部で障害が発生しています
overall-major-outage = 重大な障害が発生しています
affected = { $all } 件中 { $n } 件のコンポーネントに影響
as-of = { $moment } 現在
stale = 現在このページを更新できません。{ $moment }（{ $ago }前）の状態を表示しています。
skip = 本文へ移動
components = コンポーネント
no-components = このページにはまだコンポーネントがありません。
current-incidents = 発生中の障害
maintenance-open = 実施中のメンテナンス
maintenance-planned = 予定されているメンテナンス
past-incidents = 過去の障害
no-incidents = 過去 { $n } 日間に障害はありません。
history = 履歴
back-to-status = 現在の状態
subscribe = 購読する
calendar = カレンダー
powered-by = Edgewatch で運用
times-in-utc = 時刻は UTC です。
times-local = 時刻はお使いのタイムゾーンです。
language = 言語

## States

state-unknown = データなし
state-operational = 正常
state-maintenance = メンテナンス
state-degraded = 性能低下
state-partial-outage = 一部障害
state-major-outage = 障害

## Components

days-ago = { $n } 日前
today = 今日
uptime = 稼働率
uptime-days = { $n } 日間の稼働率
uptime-month = 月間の稼働率
no-data = データなし
not-yet = 監視開始前
bar-hint = { $component }：過去 { $n } 日間。矢印キーで日を選べます。
bar-hint-month = { $component }：この月の各日。矢印キーで日を選べます。
down-for = 停止 { $length }
degraded-for = 性能低下 { $length }
maintenance-for = メンテナンス { $length }
bar-clean = 停止なし
bar-down-days = { $n } 日で停止あり
group-count = { $n } 件
latency = 応答時間（過去 24 時間）
latency-median = 中央値 { $value }
latency-p95 = 95 パーセンタイル { $value }
regions = リージョン

## Incidents

incident = 障害
incident-of = { $components } の障害
stage-investigating = 調査中
stage-identified = 原因を特定
stage-monitoring = 経過観察中
stage-resolved = 解決済み
impact-none = 影響なし
impact-minor = 影響：小
impact-major = 影響：大
impact-critical = 影響：重大
affects = 影響範囲：{ $components }
and-more = { $components } ほか { $n } 件
began = { $moment } に発生
lasts = 継続時間 { $length }
lasted = 継続時間 { $length }
no-update = まだお知らせはありません。
updates = お知らせ
from-to = { $from } から { $to } まで
ends = { $moment } まで
under-way = 実施中

## History

history-title = { $page }: { $month }の履歴
history-of = { $month }の履歴
month-before = 前の月
month-after = 次の月
no-incidents-month = この月に障害はありません。
incidents = 障害
maintenance = メンテナンス

## Service levels

service-levels = サービスレベル
service-levels-title = { $page }: サービスレベル
sla-kept = 達成
sla-risk = 要注意
sla-below = 現時点で未達
sla-broken = 未達
sla-promise-month = 目標 { $share }（暦月ごと）
sla-promise-quarter = 目標 { $share }（四半期ごと）
sla-promise-year = 目標 { $share }（年ごと）
sla-promise-days = 目標 { $share }（直近 { $n } 日間）
sla-availability = 可用性
sla-strict = 厳密値
sla-strict-hint = メンテナンスと除外時間を含む
sla-coverage = カバー率
sla-coverage-hint = の時間を集計
sla-between = { $low } から { $high } の間
sla-budget = 残りの許容時間
sla-budget-of = 全体 { $total }
sla-overspent = { $length } 超過
sla-best = 最良で { $share }
sla-so-far = { $window }（現時点）
sla-quarter = { $year }年第 { $n } 四半期
sla-bars = { $sla }：{ $n } 期間、古い順。矢印キーで選べます。
sla-window = 期間
sla-down = 停止
sla-table = すべての数値
sla-excluded = 除外された時間
sla-none-excluded = 除外された時間はありません。
sla-reports = レポート
sla-bundle = 検証データ
sla-verify = 検証方法
sla-verify-hint = すべての測定は、行われた場所で署名されます。レポートの検証データがあれば、当方に問い合わせることなく誰でも数値を再計算できます。
sla-verify-link = 検証データを確認する
sla-log-key = ログの公開鍵
sla-maintenance-excluded = メンテナンスは集計しません。
sla-maintenance-counted = メンテナンスは測定どおりに集計します。
sla-unknown-excluded = 測定のない時間は集計しません。
sla-unknown-available = 測定のない時間は稼働とみなします。
sla-unknown-unavailable = 測定のない時間は停止とみなします。
sla-degraded-unavailable = 性能低下の時間は停止とみなします。
sla-zone = 日の区切りは { $zone } です。
sla-policy = バージョン { $n }、規則の SHA-256

## Doors and dead ends

password-title = このページは非公開です
password-hint = 表示するにはパスワードを入力してください。
password = パスワード
password-wrong = パスワードが違います。
password-too-often = 失敗が続きました。数分後にもう一度お試しください。
open = 開く
sign-in-hint = サインインしたユーザーだけが表示できます。
sign-in = サインイン
not-found-title = ページがありません
not-found-hint = このアドレスにステータスページはありません。
not-found-incident = この障害は存在しないか、公開されていません。

## Badges

badge-status = ステータス
badge-uptime = 稼働率 { $n } 日
badge-latency = 応答時間
badge-up = 正常
badge-maintenance = メンテナンス
badge-degraded = 性能低下
badge-partial-outage = 一部障害
badge-major-outage = 障害
badge-unknown = 不明

## Figures and moments

percent = { $value }%
decimal = .
separator = 、
less-than-a-minute = 1 分未満
length-minutes = { $n } 分
length-hours = { $n } 時間
length-days = { $n } 日
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

subscribe-title = { $page } を購読する
subscribe-hint = 何かが起きたとき、そして終わったときにお知らせします。
channel = 方法
channel-email = メール
channel-webhook = Webhook
channel-slack = Slack
email-address = メールアドレス
webhook-url = Webhook の URL
slack-url = Incoming Webhook の URL
which-components = 対象のコンポーネント
which-components-hint = 何も選ばなければ、すべてについてお知らせします。
sent-title = あと一歩です
sent-hint = メッセージを送信しました。その中のリンクを開いて確認してください。有効期間は 24 時間です。
confirm-title = 購読の確認
confirm-hint = { $page } の出来事を { $target } にお知らせします。
confirm = 確認する
confirmed-title = 購読を開始しました
confirmed-hint = { $page } の出来事を { $target } にお知らせします。
secret-hint = メッセージはこの鍵で署名されます。表示されるのは今回だけです。
manage-title = 購読の設定
manage-hint = { $target } にお知らせする内容です。
save = 保存
saved = 保存しました。
unsubscribe = 購読を解除
ended-title = 購読を解除しました
ended-hint = 今後は何も送信されません。
link-invalid-title = このリンクは無効です
link-invalid-hint = もう一度購読を申し込むと、新しいリンクが届きます。
subscribe-email-invalid = メールアドレスではありません。
subscribe-url-invalid = 送信先にできる URL ではありません。https:// で始まる必要があります。
subscribe-url-silent = この URL は、送られたチャレンジをそのまま返す必要があります。
subscribe-url-known = この URL はすでに購読しています。
subscribe-too-often = リクエストが多すぎます。しばらくしてからお試しください。
subscribe-full = このページはこれ以上の購読を受け付けていません。
subscribe-off = このページではこの方法の購読を受け付けていません。

## Messages to subscribers

mail-confirm-subject = { $page } の購読を確認してください
mail-confirm = { $page } のお知らせをこちらへ送るよう申し込みがありました。確認するには次のリンクを開いてください:
mail-confirm-ignore = お心当たりがなければ、何もなさらないでください。これ以上は送信されません。
mail-known = このアドレスはすでに { $page } を購読しています。変更や解除はこちらから:
mail-why = { $page } を購読しているため、このメッセージをお送りしています。
mail-manage = 購読の変更または解除
see-page = ステータスページを見る
notice-headline = { $title }: { $state }
notice-resolved = 解決: { $moment }
notice-reopened = 再び続いています。
notice-announced = メンテナンスの予定
notice-begun = メンテナンスを開始しました
notice-ended = メンテナンスが終了しました
notice-cancelled = メンテナンスは中止になりました
