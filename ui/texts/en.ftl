### What public status pages say. Each file holds the same messages with the same variables; a test compares them.

## The page

status-title = { $page }: { $state }
overall-unknown = Status unknown
overall-operational = All systems operational
overall-maintenance = Maintenance under way
overall-degraded = Degraded performance
overall-partial-outage = Partial outage
overall-major-outage = Major outage
affected = { $n ->
    [one] { $n } of { $all } components affected
   *[other] { $n } of { $all } components affected
}
as-of = As of { $moment }
stale = This page cannot be brought up to date at the moment. It shows what was known { $moment }, { $ago } ago.
skip = Skip to content
components = Components
no-components = This page has no components yet.
current-incidents = Current incidents
maintenance-open = Maintenance under way
maintenance-planned = Scheduled maintenance
past-incidents = Past incidents
no-incidents = No incidents in the last { $n ->
    [one] day
   *[other] { $n } days
}.
history = History
back-to-status = Current status
subscribe = Subscribe
calendar = Calendar
powered-by = Powered by Edgewatch
times-in-utc = Times are in UTC.
times-local = Times are in your time zone.
language = Language

## States

state-unknown = No data
state-operational = Operational
state-maintenance = Maintenance
state-degraded = Degraded
state-partial-outage = Partial outage
state-major-outage = Outage

## Components

days-ago = { $n ->
    [one] { $n } day ago
   *[other] { $n } days ago
}
today = Today
uptime = Uptime
uptime-days = Uptime over { $n ->
    [one] { $n } day
   *[other] { $n } days
}
uptime-month = Uptime in the month
no-data = No data
not-yet = Not watched yet
bar-hint = { $component }: the last { $n } days. Choose a day with the arrow keys.
bar-hint-month = { $component }: the days of the month. Choose a day with the arrow keys.
down-for = Down for { $length }
degraded-for = Degraded for { $length }
maintenance-for = Maintenance for { $length }
bar-clean = No outage
bar-down-days = { $n ->
    [one] Outages on { $n } day
   *[other] Outages on { $n } days
}
group-count = { $n ->
    [one] { $n } component
   *[other] { $n } components
}
latency = Response time, last 24 hours
latency-median = median { $value }
latency-p95 = 95th percentile { $value }
regions = Regions

## Incidents

incident = Incident
incident-of = Outage of { $components }
stage-investigating = Investigating
stage-identified = Identified
stage-monitoring = Monitoring
stage-resolved = Resolved
impact-none = No impact
impact-minor = Minor impact
impact-major = Major impact
impact-critical = Critical impact
affects = Affects { $components }
and-more = { $components } and { $n } more
began = Began { $moment }
lasts = For { $length } so far
lasted = Lasted { $length }
no-update = No update has been published yet.
updates = Updates
from-to = { $from } to { $to }
ends = Until { $moment }
under-way = Under way

## History

history-title = { $page }: history of { $month }
history-of = History of { $month }
month-before = Earlier month
month-after = Later month
no-incidents-month = No incidents in this month.
incidents = Incidents
maintenance = Maintenance

## Service levels

service-levels = Service levels
service-levels-title = { $page }: service levels
sla-kept = Kept
sla-risk = At risk
sla-below = Below, so far
sla-broken = Broken
sla-promise-month = { $share } promised, each calendar month
sla-promise-quarter = { $share } promised, each quarter
sla-promise-year = { $share } promised, each year
sla-promise-days = { $share } promised, over { $n ->
    [one] { $n } rolling day
   *[other] { $n } rolling days
}
sla-availability = Availability
sla-strict = Strict
sla-strict-hint = with maintenance and exclusions counted
sla-coverage = Coverage
sla-coverage-hint = of the time was counted
sla-between = between { $low } and { $high }
sla-budget = Budget left
sla-budget-of = of { $total }
sla-overspent = overspent by { $length }
sla-best = { $share } at best
sla-so-far = { $window }, so far
sla-quarter = Q{ $n } { $year }
sla-bars = { $sla }: { $n ->
    [one] { $n } window
   *[other] { $n } windows
}, the earliest first. Choose one with the arrow keys.
sla-window = Window
sla-down = Down
sla-table = All figures
sla-excluded = Time left out
sla-none-excluded = Nothing was left out.
sla-reports = Reports
sla-bundle = Bundle
sla-verify = How to verify
sla-verify-hint = Every check is signed where it was made. With the bundle of a report anybody can compute its figures again, without asking us.
sla-verify-link = Verify a bundle
sla-log-key = Public key of the log
sla-maintenance-excluded = Maintenance is left out.
sla-maintenance-counted = Maintenance counts by what was measured.
sla-unknown-excluded = Time without measurements is left out.
sla-unknown-available = Time without measurements counts as up.
sla-unknown-unavailable = Time without measurements counts as down.
sla-degraded-unavailable = Degraded time counts as down.
sla-zone = Days begin and end in { $zone }.
sla-policy = Version { $n }, policy SHA-256

## Doors and dead ends

password-title = This page is private
password-hint = Enter its password to see it.
password = Password
password-wrong = That is not the password.
password-too-often = Too many wrong attempts. Try again in a few minutes.
open = Open
sign-in-hint = Only signed-in users can see it.
sign-in = Sign in
not-found-title = Nothing here
not-found-hint = There is no status page at this address, or not any more.
not-found-incident = There is no such incident, or it is no longer public.

## Badges

badge-status = status
badge-uptime = uptime { $n } d
badge-latency = response time
badge-up = operational
badge-maintenance = maintenance
badge-degraded = degraded
badge-partial-outage = partial outage
badge-major-outage = outage
badge-unknown = unknown

## Figures and moments

percent = { $value }%
decimal = .
separator = ,{" "}
less-than-a-minute = less than a minute
length-minutes = { $n } min
length-hours = { $n } h
length-days = { $n } d
length-two = { $large } { $small }
date = { $day } { $month } { $year }
date-short = { $day } { $month }
month-year = { $month } { $year }
moment = { $date }, { $time } UTC
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December
short-month-1 = Jan
short-month-2 = Feb
short-month-3 = Mar
short-month-4 = Apr
short-month-5 = May
short-month-6 = Jun
short-month-7 = Jul
short-month-8 = Aug
short-month-9 = Sep
short-month-10 = Oct
short-month-11 = Nov
short-month-12 = Dec

## Subscriptions

subscribe-title = Subscribe to { $page }
subscribe-hint = Get a message when something happens, and when it is over.
channel = How
channel-email = E-mail
channel-webhook = Webhook
channel-slack = Slack
email-address = E-mail address
webhook-url = URL of the webhook
slack-url = URL of the incoming webhook
which-components = Which components
which-components-hint = Choose none to hear of all of them.
sent-title = One more step
sent-hint = A message is on its way. Follow the link in it to confirm; it is valid for 24 hours.
confirm-title = Confirm your subscription
confirm-hint = { $target } is to be told what happens on { $page }.
confirm = Confirm
confirmed-title = You are subscribed
confirmed-hint = { $target } will be told what happens on { $page }.
secret-hint = Messages are signed with this key. It is shown this once.
manage-title = Your subscription
manage-hint = What { $target } is told.
save = Save
saved = Saved.
unsubscribe = Unsubscribe
ended-title = You are unsubscribed
ended-hint = Nothing more will be sent.
link-invalid-title = This link is no longer valid
link-invalid-hint = Subscribe again to get another one.
subscribe-email-invalid = This is not an e-mail address.
subscribe-url-invalid = This is not a URL that messages can be sent to. It begins with https://.
subscribe-url-silent = The URL has to answer the challenge that is sent to it with the challenge.
subscribe-url-known = This URL is subscribed already.
subscribe-too-often = Too many requests. Try again later.
subscribe-full = This page takes no more subscriptions.
subscribe-off = This page takes no subscriptions of this kind.

## Messages to subscribers

mail-confirm-subject = Confirm your subscription to { $page }
mail-confirm = Somebody, probably you, has asked for messages about { $page } to be sent here. Follow this link to confirm:
mail-confirm-ignore = If it was not you, do nothing: no more will come.
mail-known = There is a subscription to { $page } for this address already. Change it or end it here:
mail-why = You get this because you subscribed to { $page }.
mail-manage = Change your subscription, or unsubscribe
see-page = See the status page
notice-headline = { $title }: { $state }
notice-resolved = Resolved { $moment }
notice-reopened = It goes on again.
notice-announced = Maintenance planned
notice-begun = Maintenance has begun
notice-ended = Maintenance is over
notice-cancelled = Maintenance cancelled
