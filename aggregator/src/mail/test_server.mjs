// An SMTP server for tests, of the package smtp-server. Its settings are JSON on the command line: `tls` ("none",
// "starttls", "tls"), `certificate` and `key` (PEM), `user` and `password`. It tells on its standard output, one JSON a
// line, first its `port` and then what it has taken. The domain of a recipient says how it is answered.
import { createInterface } from "node:readline";
import { SMTPServer } from "smtp-server";

const settings = JSON.parse(process.argv[2]);
const tell = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const refusal = (responseCode, text) => Object.assign(new Error(text), { responseCode });

const refusals = {
  "gone.test": refusal(550, "5.1.1 no such user here"),
  "later.test": refusal(451, "4.3.0 try again later"),
  "shutdown.test": refusal(521, "this host takes no mail"),
};

const server = new SMTPServer({
  secure: settings.tls === "tls",
  key: settings.key,
  cert: settings.certificate,
  disabledCommands: settings.tls === "starttls" ? [] : ["STARTTLS"],
  authOptional: !settings.user,
  allowInsecureAuth: settings.tls === "none",
  onAuth(auth, _session, done) {
    const known = auth.username === settings.user && auth.password === settings.password;
    done(known ? null : refusal(535, "5.7.8 authentication failed"), known ? { user: auth.username } : undefined);
  },
  onRcptTo({ address }, _session, done) {
    done(refusals[address.split("@").pop()]);
  },
  onData(stream, session, done) {
    const chunks = [];
    stream.on("data", (chunk) => chunks.push(chunk));
    stream.on("end", () => {
      const data = Buffer.concat(chunks).toString("latin1");
      const to = session.envelope.rcptTo.map(({ address }) => address);
      if (to.some((address) => address.endsWith("@full.test"))) return done(refusal(552, "5.2.2 mailbox full"));
      if (to.some((address) => address.endsWith("@spam.test"))) return done(refusal(554, "5.7.1 looks like spam"));
      tell({ from: session.envelope.mailFrom.address, to, user: session.user || null, secure: session.secure,
             hello: session.hostNameAppearsAs, session: session.id, data });
      done();
    });
  },
});
server.on("error", (error) => process.stderr.write(`${error}\n`));
server.listen(0, "127.0.0.1", () => tell({ port: server.server.address().port }));
// It ends with whoever started it.
createInterface({ input: process.stdin }).on("close", () => process.exit(0));
