// What workerd is told: the built worker, the driver beside it, a Durable Object namespace on this machine's disk, and a
// network that, unlike Cloudflare's, reaches this machine and its neighbours.

/** The worker's settings, as `wrangler.toml` and `wrangler secret put` would give them; absent ones are left unbound. */
export const SETTINGS = [
  "EDGEWATCH_AGGREGATOR_URL",
  "EDGEWATCH_REGIONS",
  "EDGEWATCH_DOH_URL",
  "EDGEWATCH_PROBE_SEED",
  "EDGEWATCH_ENROLMENT_TOKEN",
  "EDGEWATCH_MAX_CONCURRENT",
  "EDGEWATCH_EXTRA_ROOTS",
  "EDGEWATCH_LOCAL_TARGETS",
  "EDGEWATCH_PLACE_URL",
  "EDGEWATCH_PAGES_KEY",
  "EDGEWATCH_PAGES_URL",
];

/**
 * The configuration in Cap'n Proto's text form. Values are read from workerd's environment, so that no secret is in a
 * file or on a command line.
 *
 * @param {{ compatibilityDate: string, settings: string[], roots: number }} options `roots`: how many `root-N.pem` lie
 *   beside the configuration, to be trusted by the platform's own TLS too.
 */
export function workerdConfig({ compatibilityDate, settings, roots }) {
  const bindings = settings.map((name) => `    ( name = "${name}", fromEnvironment = "${name}" ),`).join("\n");
  const trusted = Array.from({ length: roots }, (_, index) => `embed "root-${index}.pem"`).join(", ");
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    ( name = "probe", worker = .probe ),
    ( name = "driver", worker = .driver ),
    ( name = "internet", network = (
      allow = ["public", "private"],
      tlsOptions = ( trustBrowserCas = true, trustedCertificates = [${trusted}] ) ) ),
    ( name = "objects", disk = ( path = "objects", writable = true ) ),
  ],
  sockets = [ ( name = "driver", address = "127.0.0.1:0", http = (), service = "driver" ) ],
);

const probe :Workerd.Worker = (
  modules = [
    ( name = "index.js", esModule = embed "worker/index.js" ),
    ( name = "./index_bg.wasm", wasm = embed "worker/index_bg.wasm" ),
  ],
  compatibilityDate = "${compatibilityDate}",
  durableObjectNamespaces = [
    ( className = "RegionObject", uniqueKey = "edgewatch-region", enableSql = true ),
    ( className = "PagesObject", uniqueKey = "edgewatch-pages", enableSql = true ),
  ],
  durableObjectStorage = ( localDisk = "objects" ),
  bindings = [
    ( name = "REGION", durableObjectNamespace = "RegionObject" ),
    ( name = "PAGES", durableObjectNamespace = "PagesObject" ),
${bindings}
  ],
);

const driver :Workerd.Worker = (
  modules = [ ( name = "driver.js", esModule = embed "worker/driver.js" ) ],
  compatibilityDate = "${compatibilityDate}",
  compatibilityFlags = ["experimental", "service_binding_extra_handlers"],
  bindings = [
    ( name = "PROBE", service = "probe" ),
    ( name = "REGION", durableObjectNamespace = ( className = "RegionObject", serviceName = "probe" ) ),
    ( name = "EDGEWATCH_REGIONS", fromEnvironment = "EDGEWATCH_REGIONS" ),
  ],
);
`;
}
