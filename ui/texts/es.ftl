## The page

status-title = { $page }: { $state }
overall-unknown = Estado desconocido
overall-operational = Todos los sistemas funcionan
overall-maintenance = Mantenimiento en curso
overall-degraded = Rendimiento degradado
overall-partial-outage = Interrupción parcial
overall-major-outage = Interrupción grave
affected = { $n ->
    [one] { $n } de { $all } componentes afectado
   *[other] { $n } de { $all } componentes afectados
}
as-of = Situación del { $moment }
stale = Esta página no se puede actualizar en este momento. Muestra la situación del { $moment }, hace { $ago }.
skip = Ir al contenido
components = Componentes
no-components = Esta página todavía no tiene componentes.
current-incidents = Incidentes actuales
maintenance-open = Mantenimiento en curso
maintenance-planned = Mantenimiento programado
past-incidents = Incidentes anteriores
no-incidents = Sin incidentes en { $n ->
    [one] el último día
   *[other] los últimos { $n } días
}.
history = Historial
back-to-status = Estado actual
subscribe = Suscribirse
calendar = Calendario
powered-by = Con tecnología de Edgewatch
times-in-utc = Horas en UTC.
times-local = Horas en su zona horaria.
language = Idioma

## States

state-unknown = Sin datos
state-operational = Operativo
state-maintenance = Mantenimiento
state-degraded = Degradado
state-partial-outage = Interrupción parcial
state-major-outage = Interrupción

## Components

days-ago = hace { $n ->
    [one] { $n } día
   *[other] { $n } días
}
today = Hoy
uptime = Disponibilidad
uptime-days = Disponibilidad en { $n ->
    [one] { $n } día
   *[other] { $n } días
}
uptime-month = Disponibilidad del mes
no-data = Sin datos
not-yet = Aún sin supervisar
bar-hint = { $component }: los últimos { $n } días. Elija un día con las flechas.
bar-hint-month = { $component }: los días del mes. Elija un día con las flechas.
down-for = Interrumpido durante { $length }
degraded-for = Degradado durante { $length }
maintenance-for = Mantenimiento durante { $length }
bar-clean = Sin interrupciones
bar-down-days = { $n ->
    [one] Interrupciones en { $n } día
   *[other] Interrupciones en { $n } días
}
group-count = { $n ->
    [one] { $n } componente
   *[other] { $n } componentes
}
latency = Tiempo de respuesta, últimas 24 horas
latency-median = mediana { $value }
latency-p95 = percentil 95 { $value }
regions = Regiones

## Incidents

incident = Incidente
incident-of = Interrupción: { $components }
stage-investigating = En investigación
stage-identified = Causa identificada
stage-monitoring = En observación
stage-resolved = Resuelto
impact-none = Sin impacto
impact-minor = Impacto leve
impact-major = Impacto grave
impact-critical = Impacto crítico
affects = Afecta a { $components }
and-more = { $components } y { $n } más
began = Inicio el { $moment }
lasts = { $length } hasta ahora
lasted = Duración { $length }
no-update = Todavía no se ha publicado ningún mensaje.
updates = Mensajes
from-to = del { $from } al { $to }
ends = Hasta el { $moment }
under-way = En curso

## History

history-title = { $page }: historial de { $month }
history-of = Historial de { $month }
month-before = Mes anterior
month-after = Mes siguiente
no-incidents-month = Sin incidentes este mes.
incidents = Incidentes
maintenance = Mantenimiento

## Service levels

service-levels = Niveles de servicio
service-levels-title = { $page }: niveles de servicio
sla-kept = Cumplido
sla-risk = En riesgo
sla-below = Por debajo, hasta ahora
sla-broken = Incumplido
sla-promise-month = { $share } prometido, cada mes natural
sla-promise-quarter = { $share } prometido, cada trimestre
sla-promise-year = { $share } prometido, cada año
sla-promise-days = { $share } prometido, sobre { $n ->
    [one] { $n } día móvil
   *[other] { $n } días móviles
}
sla-availability = Disponibilidad
sla-strict = Estricta
sla-strict-hint = contando mantenimiento y exclusiones
sla-coverage = Cobertura
sla-coverage-hint = del tiempo se contó
sla-between = entre { $low } y { $high }
sla-budget = Margen restante
sla-budget-of = de { $total }
sla-overspent = superado en { $length }
sla-best = { $share } en el mejor caso
sla-so-far = { $window }, hasta ahora
sla-quarter = T{ $n } { $year }
sla-bars = { $sla }: { $n ->
    [one] { $n } período
   *[other] { $n } períodos
}, el más antiguo primero. Elija uno con las flechas.
sla-window = Período
sla-down = Interrumpido
sla-table = Todas las cifras
sla-excluded = Tiempo excluido
sla-none-excluded = No se excluyó nada.
sla-reports = Informes
sla-bundle = Pruebas
sla-verify = Cómo comprobarlo
sla-verify-hint = Cada medición se firma donde se hizo. Con las pruebas de un informe cualquiera puede calcular de nuevo sus cifras sin preguntarnos.
sla-verify-link = Comprobar unas pruebas
sla-log-key = Clave pública del registro
sla-maintenance-excluded = El mantenimiento no cuenta.
sla-maintenance-counted = El mantenimiento cuenta según lo medido.
sla-unknown-excluded = El tiempo sin mediciones no cuenta.
sla-unknown-available = El tiempo sin mediciones cuenta como disponible.
sla-unknown-unavailable = El tiempo sin mediciones cuenta como interrumpido.
sla-degraded-unavailable = El tiempo degradado cuenta como interrumpido.
sla-zone = Los días empiezan y terminan en { $zone }.
sla-policy = Versión { $n }, SHA-256 de las reglas

## Doors and dead ends

password-title = Esta página es privada
password-hint = Introduzca su contraseña para verla.
password = Contraseña
password-wrong = Esa no es la contraseña.
password-too-often = Demasiados intentos fallidos. Inténtelo de nuevo en unos minutos.
open = Abrir
sign-in-hint = Solo la pueden ver usuarios con sesión iniciada.
sign-in = Iniciar sesión
not-found-title = Aquí no hay nada
not-found-hint = En esta dirección no hay ninguna página de estado, o ya no la hay.
not-found-incident = Ese incidente no existe o ya no es público.

## Badges

badge-status = estado
badge-uptime = disponibilidad { $n } d
badge-latency = tiempo de respuesta
badge-up = operativo
badge-maintenance = mantenimiento
badge-degraded = degradado
badge-partial-outage = interrupción parcial
badge-major-outage = interrupción
badge-unknown = desconocido

## Figures and moments

percent = { $value }{"\u00A0"}%
decimal = ,
separator = ,{" "}
less-than-a-minute = menos de un minuto
length-minutes = { $n } min
length-hours = { $n } h
length-days = { $n } d
length-two = { $large } { $small }
date = { $day } de { $month } de { $year }
date-short = { $day } { $month }
month-year = { $month } de { $year }
moment = { $date }, { $time } UTC
month-1 = enero
month-2 = febrero
month-3 = marzo
month-4 = abril
month-5 = mayo
month-6 = junio
month-7 = julio
month-8 = agosto
month-9 = septiembre
month-10 = octubre
month-11 = noviembre
month-12 = diciembre
short-month-1 = ene
short-month-2 = feb
short-month-3 = mar
short-month-4 = abr
short-month-5 = may
short-month-6 = jun
short-month-7 = jul
short-month-8 = ago
short-month-9 = sept
short-month-10 = oct
short-month-11 = nov
short-month-12 = dic

## Subscriptions

subscribe-title = Suscribirse a { $page }
subscribe-hint = Reciba un mensaje cuando ocurra algo y cuando haya terminado.
channel = Cómo
channel-email = Correo electrónico
channel-webhook = Webhook
channel-slack = Slack
email-address = Dirección de correo electrónico
webhook-url = URL del webhook
slack-url = URL del webhook entrante
which-components = Qué componentes
which-components-hint = No elija ninguno para saber de todos.
sent-title = Un paso más
sent-hint = Hay un mensaje en camino. Siga el enlace que contiene para confirmar; es válido durante 24 horas.
confirm-title = Confirme su suscripción
confirm-hint = { $target } sabrá lo que ocurre en { $page }.
confirm = Confirmar
confirmed-title = Se ha suscrito
confirmed-hint = { $target } sabrá lo que ocurre en { $page }.
secret-hint = Los mensajes se firman con esta clave. Solo se muestra esta vez.
manage-title = Su suscripción
manage-hint = De qué se informa a { $target }.
save = Guardar
saved = Guardado.
unsubscribe = Cancelar la suscripción
ended-title = Suscripción cancelada
ended-hint = No se enviará nada más.
link-invalid-title = Este enlace ya no es válido
link-invalid-hint = Suscríbase de nuevo para recibir otro.
subscribe-email-invalid = Esto no es una dirección de correo electrónico.
subscribe-url-invalid = Esto no es una URL a la que se puedan enviar mensajes. Empieza por https://.
subscribe-url-silent = La URL debe responder al desafío que se le envía con el propio desafío.
subscribe-url-known = Esta URL ya está suscrita.
subscribe-too-often = Demasiadas solicitudes. Inténtelo más tarde.
subscribe-full = Esta página no admite más suscripciones.
subscribe-off = Esta página no admite suscripciones de este tipo.

## Messages to subscribers

mail-confirm-subject = Confirme su suscripción a { $page }
mail-confirm = Alguien, probablemente usted, ha pedido recibir aquí mensajes sobre { $page }. Siga este enlace para confirmar:
mail-confirm-ignore = Si no fue usted, no haga nada: no llegará nada más.
mail-known = Ya hay una suscripción a { $page } para esta dirección. Cámbiela o cancélela aquí:
mail-why = Recibe esto porque se suscribió a { $page }.
mail-manage = Cambiar o cancelar la suscripción
see-page = Ver la página de estado
notice-headline = { $title }: { $state }
notice-resolved = Resuelto: { $moment }
notice-reopened = Continúa de nuevo.
notice-announced = Mantenimiento previsto
notice-begun = El mantenimiento ha comenzado
notice-ended = El mantenimiento ha terminado
notice-cancelled = Mantenimiento cancelado
