## The page

status-title = { $page }: { $state }
overall-unknown = Status unbekannt
overall-operational = Alle Systeme laufen
overall-maintenance = Wartungsarbeiten laufen
overall-degraded = Eingeschränkte Leistung
overall-partial-outage = Teilweiser Ausfall
overall-major-outage = Schwerwiegender Ausfall
affected = { $n ->
    [one] { $n } von { $all } Komponenten betroffen
   *[other] { $n } von { $all } Komponenten betroffen
}
as-of = Stand { $moment }
stale = Diese Seite kann derzeit nicht aktualisiert werden. Sie zeigt den Stand vom { $moment }, vor { $ago }.
skip = Zum Inhalt springen
components = Komponenten
no-components = Diese Seite hat noch keine Komponenten.
current-incidents = Aktuelle Störungen
maintenance-open = Laufende Wartung
maintenance-planned = Geplante Wartung
past-incidents = Vergangene Störungen
no-incidents = Keine Störungen { $n ->
    [one] am letzten Tag
   *[other] in den letzten { $n } Tagen
}.
history = Verlauf
back-to-status = Aktueller Status
subscribe = Abonnieren
calendar = Kalender
powered-by = Bereitgestellt mit Edgewatch
times-in-utc = Zeiten in UTC.
times-local = Zeiten in Ihrer Zeitzone.
language = Sprache

## States

state-unknown = Keine Daten
state-operational = In Betrieb
state-maintenance = Wartung
state-degraded = Eingeschränkt
state-partial-outage = Teilausfall
state-major-outage = Ausfall

## Components

days-ago = vor { $n ->
    [one] { $n } Tag
   *[other] { $n } Tagen
}
today = Heute
uptime = Verfügbarkeit
uptime-days = Verfügbarkeit über { $n ->
    [one] { $n } Tag
   *[other] { $n } Tage
}
uptime-month = Verfügbarkeit im Monat
no-data = Keine Daten
not-yet = Noch nicht überwacht
bar-hint = { $component }: die letzten { $n } Tage. Mit den Pfeiltasten einen Tag wählen.
bar-hint-month = { $component }: die Tage des Monats. Mit den Pfeiltasten einen Tag wählen.
down-for = Ausgefallen: { $length }
degraded-for = Eingeschränkt: { $length }
maintenance-for = Wartung: { $length }
bar-clean = Kein Ausfall
bar-down-days = { $n ->
    [one] Ausfälle an { $n } Tag
   *[other] Ausfälle an { $n } Tagen
}
group-count = { $n ->
    [one] { $n } Komponente
   *[other] { $n } Komponenten
}
latency = Antwortzeit, letzte 24 Stunden
latency-median = Median { $value }
latency-p95 = 95. Perzentil { $value }
regions = Regionen

## Incidents

incident = Störung
incident-of = Ausfall: { $components }
stage-investigating = Wird untersucht
stage-identified = Ursache erkannt
stage-monitoring = Wird beobachtet
stage-resolved = Behoben
impact-none = Ohne Auswirkung
impact-minor = Geringe Auswirkung
impact-major = Große Auswirkung
impact-critical = Kritische Auswirkung
affects = Betrifft { $components }
and-more = { $components } und { $n } weitere
began = Beginn { $moment }
lasts = Bisher { $length }
lasted = Dauer { $length }
no-update = Noch keine Meldung veröffentlicht.
updates = Meldungen
from-to = { $from } bis { $to }
ends = Bis { $moment }
under-way = Läuft

## History

history-title = { $page }: Verlauf { $month }
history-of = Verlauf { $month }
month-before = Früherer Monat
month-after = Späterer Monat
no-incidents-month = Keine Störungen in diesem Monat.
incidents = Störungen
maintenance = Wartung

## Service levels

service-levels = Service-Level
service-levels-title = { $page }: Service-Level
sla-kept = Eingehalten
sla-risk = Gefährdet
sla-below = Bisher darunter
sla-broken = Verfehlt
sla-promise-month = { $share } zugesagt, je Kalendermonat
sla-promise-quarter = { $share } zugesagt, je Quartal
sla-promise-year = { $share } zugesagt, je Jahr
sla-promise-days = { $share } zugesagt, über gleitend { $n ->
    [one] { $n } Tag
   *[other] { $n } Tage
}
sla-availability = Verfügbarkeit
sla-strict = Streng
sla-strict-hint = Wartung und Ausnahmen mitgezählt
sla-coverage = Abdeckung
sla-coverage-hint = der Zeit wurde gezählt
sla-between = zwischen { $low } und { $high }
sla-budget = Verbleibendes Budget
sla-budget-of = von { $total }
sla-overspent = um { $length } überzogen
sla-best = bestenfalls { $share }
sla-so-far = { $window }, bisher
sla-quarter = { $n }. Quartal { $year }
sla-bars = { $sla }: { $n ->
    [one] { $n } Zeitraum
   *[other] { $n } Zeiträume
}, der früheste zuerst. Mit den Pfeiltasten einen wählen.
sla-window = Zeitraum
sla-down = Ausgefallen
sla-table = Alle Zahlen
sla-excluded = Ausgenommene Zeit
sla-none-excluded = Nichts wurde ausgenommen.
sla-reports = Berichte
sla-bundle = Belege
sla-verify = So lässt sich das prüfen
sla-verify-hint = Jede Prüfung wird dort signiert, wo sie stattfand. Mit den Belegen eines Berichts kann jeder seine Zahlen nachrechnen, ohne uns zu fragen.
sla-verify-link = Belege prüfen
sla-log-key = Öffentlicher Schlüssel des Protokolls
sla-maintenance-excluded = Wartung zählt nicht.
sla-maintenance-counted = Wartung zählt, wie gemessen wurde.
sla-unknown-excluded = Zeit ohne Messungen zählt nicht.
sla-unknown-available = Zeit ohne Messungen zählt als verfügbar.
sla-unknown-unavailable = Zeit ohne Messungen zählt als ausgefallen.
sla-degraded-unavailable = Eingeschränkte Zeit zählt als ausgefallen.
sla-zone = Tage beginnen und enden in { $zone }.
sla-policy = Version { $n }, SHA-256 der Regeln

## Doors and dead ends

password-title = Diese Seite ist nicht öffentlich
password-hint = Mit dem Passwort ist sie zu sehen.
password = Passwort
password-wrong = Das ist nicht das Passwort.
password-too-often = Zu viele falsche Versuche. Bitte in einigen Minuten noch einmal.
open = Öffnen
sign-in-hint = Nur angemeldete Personen können sie sehen.
sign-in = Anmelden
not-found-title = Hier ist nichts
not-found-hint = Unter dieser Adresse gibt es keine Statusseite, oder nicht mehr.
not-found-incident = Diese Störung gibt es nicht, oder sie ist nicht mehr öffentlich.

## Badges

badge-status = Status
badge-uptime = Verfügbarkeit { $n } T
badge-latency = Antwortzeit
badge-up = in Betrieb
badge-maintenance = Wartung
badge-degraded = eingeschränkt
badge-partial-outage = Teilausfall
badge-major-outage = Ausfall
badge-unknown = unbekannt

## Figures and moments

percent = { $value }{"\u00A0"}%
decimal = ,
separator = ,{" "}
less-than-a-minute = weniger als eine Minute
length-minutes = { $n } Min.
length-hours = { $n } Std.
length-days = { $n } T.
length-two = { $large } { $small }
date = { $day }. { $month } { $year }
date-short = { $day }. { $month }
month-year = { $month } { $year }
moment = { $date }, { $time } UTC
month-1 = Januar
month-2 = Februar
month-3 = März
month-4 = April
month-5 = Mai
month-6 = Juni
month-7 = Juli
month-8 = August
month-9 = September
month-10 = Oktober
month-11 = November
month-12 = Dezember
short-month-1 = Jan.
short-month-2 = Feb.
short-month-3 = März
short-month-4 = Apr.
short-month-5 = Mai
short-month-6 = Juni
short-month-7 = Juli
short-month-8 = Aug.
short-month-9 = Sept.
short-month-10 = Okt.
short-month-11 = Nov.
short-month-12 = Dez.

## Subscriptions

subscribe-title = { $page } abonnieren
subscribe-hint = Sie erhalten eine Nachricht, wenn etwas geschieht und wenn es vorbei ist.
channel = Wie
channel-email = E-Mail
channel-webhook = Webhook
channel-slack = Slack
email-address = E-Mail-Adresse
webhook-url = URL des Webhooks
slack-url = URL des eingehenden Webhooks
which-components = Welche Komponenten
which-components-hint = Wählen Sie keine aus, um von allen zu hören.
sent-title = Noch ein Schritt
sent-hint = Eine Nachricht ist unterwegs. Folgen Sie zur Bestätigung dem Link darin; er gilt 24 Stunden.
confirm-title = Abonnement bestätigen
confirm-hint = { $target } soll erfahren, was auf { $page } geschieht.
confirm = Bestätigen
confirmed-title = Abonniert
confirmed-hint = { $target } erfährt, was auf { $page } geschieht.
secret-hint = Nachrichten sind mit diesem Schlüssel signiert. Er wird nur dieses eine Mal gezeigt.
manage-title = Ihr Abonnement
manage-hint = Was { $target } erfährt.
save = Speichern
saved = Gespeichert.
unsubscribe = Abbestellen
ended-title = Abbestellt
ended-hint = Es wird nichts mehr gesendet.
link-invalid-title = Dieser Link gilt nicht mehr
link-invalid-hint = Abonnieren Sie noch einmal, um einen neuen zu erhalten.
subscribe-email-invalid = Das ist keine E-Mail-Adresse.
subscribe-url-invalid = Das ist keine URL, an die gesendet werden kann. Sie beginnt mit https://.
subscribe-url-silent = Die URL muss die Aufgabe, die ihr gesendet wird, mit der Aufgabe beantworten.
subscribe-url-known = Für diese URL gibt es schon ein Abonnement.
subscribe-too-often = Zu viele Anfragen. Versuchen Sie es später noch einmal.
subscribe-full = Diese Seite nimmt keine weiteren Abonnements an.
subscribe-off = Diese Seite nimmt keine Abonnements dieser Art an.

## Messages to subscribers

mail-confirm-subject = Bestätigen Sie Ihr Abonnement von { $page }
mail-confirm = Jemand, wahrscheinlich Sie, möchte hier Nachrichten über { $page } erhalten. Folgen Sie zur Bestätigung diesem Link:
mail-confirm-ignore = Waren Sie das nicht, tun Sie nichts: Es kommt nichts weiter.
mail-known = Für diese Adresse gibt es schon ein Abonnement von { $page }. Hier ändern oder beenden Sie es:
mail-why = Sie erhalten dies, weil Sie { $page } abonniert haben.
mail-manage = Abonnement ändern oder abbestellen
see-page = Zur Statusseite
notice-headline = { $title }: { $state }
notice-resolved = Behoben: { $moment }
notice-reopened = Die Störung dauert wieder an.
notice-announced = Wartung geplant
notice-begun = Wartung hat begonnen
notice-ended = Wartung ist beendet
notice-cancelled = Wartung entfällt
