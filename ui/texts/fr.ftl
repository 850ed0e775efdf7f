## The page

status-title = { $page } : { $state }
overall-unknown = État inconnu
overall-operational = Tous les systèmes fonctionnent
overall-maintenance = Maintenance en cours
overall-degraded = Performances dégradées
overall-partial-outage = Panne partielle
overall-major-outage = Panne majeure
affected = { $n ->
    [one] { $n } composant sur { $all } concerné
   *[other] { $n } composants sur { $all } concernés
}
as-of = Situation du { $moment }
stale = Cette page ne peut pas être actualisée pour le moment. Elle montre la situation du { $moment }, il y a { $ago }.
skip = Aller au contenu
components = Composants
no-components = Cette page n’a pas encore de composants.
current-incidents = Incidents en cours
maintenance-open = Maintenance en cours
maintenance-planned = Maintenance prévue
past-incidents = Incidents passés
no-incidents = Aucun incident { $n ->
    [one] au cours du dernier jour
   *[other] au cours des { $n } derniers jours
}.
history = Historique
back-to-status = État actuel
subscribe = S’abonner
calendar = Calendrier
powered-by = Propulsé par Edgewatch
times-in-utc = Heures en UTC.
times-local = Heures dans votre fuseau horaire.
language = Langue

## States

state-unknown = Aucune donnée
state-operational = Opérationnel
state-maintenance = Maintenance
state-degraded = Dégradé
state-partial-outage = Panne partielle
state-major-outage = En panne

## Components

days-ago = il y a { $n ->
    [one] { $n } jour
   *[other] { $n } jours
}
today = Aujourd’hui
uptime = Disponibilité
uptime-days = Disponibilité sur { $n ->
    [one] { $n } jour
   *[other] { $n } jours
}
uptime-month = Disponibilité du mois
no-data = Aucune donnée
not-yet = Pas encore surveillé
bar-hint = { $component } : les { $n } derniers jours. Choisissez un jour avec les flèches.
bar-hint-month = { $component } : les jours du mois. Choisissez un jour avec les flèches.
down-for = En panne pendant { $length }
degraded-for = Dégradé pendant { $length }
maintenance-for = Maintenance pendant { $length }
bar-clean = Aucune panne
bar-down-days = { $n ->
    [one] Pannes sur { $n } jour
   *[other] Pannes sur { $n } jours
}
group-count = { $n ->
    [one] { $n } composant
   *[other] { $n } composants
}
latency = Temps de réponse, dernières 24 heures
latency-median = médiane { $value }
latency-p95 = 95e centile { $value }
regions = Régions

## Incidents

incident = Incident
incident-of = Panne : { $components }
stage-investigating = En cours d’analyse
stage-identified = Cause identifiée
stage-monitoring = Sous surveillance
stage-resolved = Résolu
impact-none = Sans impact
impact-minor = Impact mineur
impact-major = Impact majeur
impact-critical = Impact critique
affects = Concerne { $components }
and-more = { $components } et { $n } de plus
began = Début le { $moment }
lasts = { $length } jusqu’ici
lasted = Durée { $length }
no-update = Aucun message n’a encore été publié.
updates = Messages
from-to = du { $from } au { $to }
ends = Jusqu’au { $moment }
under-way = En cours

## History

history-title = { $page } : historique, { $month }
history-of = Historique, { $month }
month-before = Mois précédent
month-after = Mois suivant
no-incidents-month = Aucun incident ce mois-ci.
incidents = Incidents
maintenance = Maintenance

## Service levels

service-levels = Niveaux de service
service-levels-title = { $page } : niveaux de service
sla-kept = Tenu
sla-risk = Menacé
sla-below = En dessous à ce jour
sla-broken = Non tenu
sla-promise-month = { $share } promis, par mois civil
sla-promise-quarter = { $share } promis, par trimestre
sla-promise-year = { $share } promis, par an
sla-promise-days = { $share } promis, sur { $n ->
    [one] { $n } jour glissant
   *[other] { $n } jours glissants
}
sla-availability = Disponibilité
sla-strict = Strict
sla-strict-hint = maintenance et exclusions comprises
sla-coverage = Couverture
sla-coverage-hint = du temps a été compté
sla-between = entre { $low } et { $high }
sla-budget = Budget restant
sla-budget-of = sur { $total }
sla-overspent = dépassé de { $length }
sla-best = { $share } au mieux
sla-so-far = { $window }, à ce jour
sla-quarter = T{ $n } { $year }
sla-bars = { $sla } : { $n ->
    [one] { $n } période
   *[other] { $n } périodes
}, la plus ancienne d’abord. Choisissez-en une avec les flèches.
sla-window = Période
sla-down = En panne
sla-table = Tous les chiffres
sla-excluded = Temps exclu
sla-none-excluded = Rien n’a été exclu.
sla-reports = Rapports
sla-bundle = Preuves
sla-verify = Comment vérifier
sla-verify-hint = Chaque mesure est signée là où elle est faite. Avec les preuves d’un rapport, chacun peut en recalculer les chiffres sans rien nous demander.
sla-verify-link = Vérifier des preuves
sla-log-key = Clé publique du journal
sla-maintenance-excluded = La maintenance n’est pas comptée.
sla-maintenance-counted = La maintenance compte selon ce qui a été mesuré.
sla-unknown-excluded = Le temps sans mesure n’est pas compté.
sla-unknown-available = Le temps sans mesure compte comme disponible.
sla-unknown-unavailable = Le temps sans mesure compte comme une panne.
sla-degraded-unavailable = Le temps dégradé compte comme une panne.
sla-zone = Les jours commencent et finissent selon { $zone }.
sla-policy = Version { $n }, SHA-256 des règles

## Doors and dead ends

password-title = Cette page est privée
password-hint = Saisissez son mot de passe pour la voir.
password = Mot de passe
password-wrong = Ce n’est pas le bon mot de passe.
password-too-often = Trop d’essais erronés. Réessayez dans quelques minutes.
open = Ouvrir
sign-in-hint = Seuls les utilisateurs connectés peuvent la voir.
sign-in = Se connecter
not-found-title = Rien ici
not-found-hint = Il n’y a pas ou plus de page d’état à cette adresse.
not-found-incident = Cet incident n’existe pas, ou n’est plus public.

## Badges

badge-status = état
badge-uptime = disponibilité { $n } j
badge-latency = temps de réponse
badge-up = opérationnel
badge-maintenance = maintenance
badge-degraded = dégradé
badge-partial-outage = panne partielle
badge-major-outage = en panne
badge-unknown = inconnu

## Figures and moments

percent = { $value }{"\u202F"}%
decimal = ,
separator = ,{" "}
less-than-a-minute = moins d’une minute
length-minutes = { $n } min
length-hours = { $n } h
length-days = { $n } j
length-two = { $large } { $small }
date = { $day } { $month } { $year }
date-short = { $day } { $month }
month-year = { $month } { $year }
moment = { $date } à { $time } UTC
month-1 = janvier
month-2 = février
month-3 = mars
month-4 = avril
month-5 = mai
month-6 = juin
month-7 = juillet
month-8 = août
month-9 = septembre
month-10 = octobre
month-11 = novembre
month-12 = décembre
short-month-1 = janv.
short-month-2 = févr.
short-month-3 = mars
short-month-4 = avr.
short-month-5 = mai
short-month-6 = juin
short-month-7 = juil.
short-month-8 = août
short-month-9 = sept.
short-month-10 = oct.
short-month-11 = nov.
short-month-12 = déc.

## Subscriptions

subscribe-title = S’abonner à { $page }
subscribe-hint = Recevez un message quand quelque chose se produit et quand c’est terminé.
channel = Comment
channel-email = E-mail
channel-webhook = Webhook
channel-slack = Slack
email-address = Adresse e-mail
webhook-url = URL du webhook
slack-url = URL du webhook entrant
which-components = Quels composants
which-components-hint = N’en choisissez aucun pour être informé de tous.
sent-title = Encore une étape
sent-hint = Un message est en route. Suivez le lien qu’il contient pour confirmer ; il est valable 24 heures.
confirm-title = Confirmer votre abonnement
confirm-hint = { $target } sera informé de ce qui se passe sur { $page }.
confirm = Confirmer
confirmed-title = Vous êtes abonné
confirmed-hint = { $target } sera informé de ce qui se passe sur { $page }.
secret-hint = Les messages sont signés avec cette clé. Elle n’est affichée que cette fois.
manage-title = Votre abonnement
manage-hint = Ce dont { $target } est informé.
save = Enregistrer
saved = Enregistré.
unsubscribe = Se désabonner
ended-title = Vous êtes désabonné
ended-hint = Plus rien ne sera envoyé.
link-invalid-title = Ce lien n’est plus valable
link-invalid-hint = Abonnez-vous à nouveau pour en recevoir un autre.
subscribe-email-invalid = Ce n’est pas une adresse e-mail.
subscribe-url-invalid = Ce n’est pas une URL à laquelle on peut envoyer des messages. Elle commence par https://.
subscribe-url-silent = L’URL doit répondre au défi qui lui est envoyé par ce défi même.
subscribe-url-known = Cette URL est déjà abonnée.
subscribe-too-often = Trop de demandes. Réessayez plus tard.
subscribe-full = Cette page n’accepte plus d’abonnements.
subscribe-off = Cette page n’accepte pas d’abonnements de ce type.

## Messages to subscribers

mail-confirm-subject = Confirmez votre abonnement à { $page }
mail-confirm = Quelqu’un, sans doute vous, a demandé à recevoir ici des messages sur { $page }. Suivez ce lien pour confirmer :
mail-confirm-ignore = Si ce n’était pas vous, ne faites rien : rien d’autre ne suivra.
mail-known = Il existe déjà un abonnement à { $page } pour cette adresse. Modifiez-le ou mettez-y fin ici :
mail-why = Vous recevez ceci parce que vous êtes abonné à { $page }.
mail-manage = Modifier l’abonnement ou se désabonner
see-page = Voir la page d’état
notice-headline = { $title } : { $state }
notice-resolved = Résolu le { $moment }
notice-reopened = L’incident se poursuit.
notice-announced = Maintenance prévue
notice-begun = La maintenance a commencé
notice-ended = La maintenance est terminée
notice-cancelled = Maintenance annulée
