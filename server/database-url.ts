/** A Postgres URL as the variables that its programs read: in an argument anybody on the server could see the password. */

const PARAMETERS: Record<string, string> = {
  sslmode: "PGSSLMODE",
  channel_binding: "PGCHANNELBINDING",
  connect_timeout: "PGCONNECT_TIMEOUT",
  application_name: "PGAPPNAME",
  options: "PGOPTIONS",
};

/** Throws what is wrong with it, without any of it: it holds a password. `name` is the variable that it comes from. */
export function postgresVariables(url: string, name: string): Record<string, string> {
  const form = `${name} wants postgresql://USER:PASSWORD@HOST:PORT/DATABASE`;
  if (!URL.canParse(url)) throw new Error(`${form}, it is not a URL`);
  const { protocol, hostname, port, username, password, pathname, searchParams } = new URL(url);
  // SQLAlchemy names its driver too: postgresql+psycopg.
  if (!/^postgres(ql)?(\+[a-z0-9]+)?:$/.test(protocol)) throw new Error(`${form}, it begins with ${protocol}//`);
  const database = decodeURIComponent(pathname.slice(1));
  if (hostname === "" || database === "") throw new Error(`${form}, ${hostname === "" ? "HOST" : "DATABASE"} is missing`);
  const unknown = [...searchParams.keys()].filter((key) => !(key in PARAMETERS));
  if (unknown.length > 0) throw new Error(`${name} has ?${unknown.join("= and ")}=, which is not carried; known are ${Object.keys(PARAMETERS).join(", ")}`);
  return {
    PGHOST: hostname.replace(/^\[|\]$/g, ""),
    PGPORT: port || "5432",
    PGUSER: decodeURIComponent(username) || "postgres",
    ...(password !== "" && { PGPASSWORD: decodeURIComponent(password) }),
    PGDATABASE: database,
    ...Object.fromEntries([...searchParams].map(([key, value]) => [PARAMETERS[key]!, value])),
  };
}
